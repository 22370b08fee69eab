"""Whom and what rows name: found by reference or name, made where they are new."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.access import Role
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import Customer, Product, Team, User
from crm_core.imports.kinds.writing import insert_rows
from crm_core.records import record_search
from crm_core.records.products import PRODUCTS
from crm_core.records.search import index_new, sort_key

_BATCH = 500
_MAX_SLUG = 100

Named = tuple[str, dict[str, Any]]
"""A key and what the first row that has it says beside."""


class References:
    """Ids of customers, products, accounts and teams by what rows call them; without a session nothing is made.

    Attributes:
        created: by table, how many were made.
    """

    def __init__(self, session: Session, import_id: int | None) -> None:
        self._session = session
        self._import_id = import_id
        self.created: dict[str, int] = {}
        self._ids: dict[str, dict[str, int]] = {}

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Look up, and make where they are new, everything these rows name."""
        customers: dict[str, str] = {}
        products: dict[str, str] = {}
        people: dict[str, None] = {}
        teams: dict[str, None] = {}
        for row in rows:
            if key := row.get("customer_ref") or row.get("customer_name"):
                customers.setdefault(key, row.get("customer_name") or key)
            if key := row.get("product_code") or row.get("product_name"):
                products.setdefault(key, row.get("product_name") or key)
            named = (row.get("assignee"), row.get("owner"), row.get("member"))
            people.update(dict.fromkeys(name for name in named if name))
            if team := row.get("team"):
                teams[team] = None
        self._find("customers", Customer.ref, customers, self._make_customers)
        self._find("products", Product.code, products, self._make_products)
        self._find("users", User.name, dict.fromkeys(people, ""), self._make_accounts)
        self._find("teams", Team.name, dict.fromkeys(teams, ""), self._make_teams)

    def id_of(self, table: str, *keys: str | None) -> int | None:
        """The id of what the first key that is given names; None where none is, or, in a dry run, it is new."""
        key = next((key for key in keys if key), None)
        return None if key is None else self._ids.get(table, {}).get(key)

    def _find(
        self, table: str, attribute: InstrumentedAttribute[Any], wanted: Mapping[str, str], make: Callable[..., None]
    ) -> None:
        known = self._ids.setdefault(table, {})
        asked = [key for key in wanted if key not in known]
        for start in range(0, len(asked), _BATCH):
            model: Any = attribute.class_
            some = asked[start : start + _BATCH]
            known.update(
                {key: id_ for id_, key in self._session.execute(select(model.id, attribute).where(attribute.in_(some)))}
            )
        new = {key: wanted[key] for key in asked if key not in known}
        self.created[table] = self.created.get(table, 0) + len(new)
        if new and self._import_id is not None:
            make(new)

    def _make_customers(self, new: Mapping[str, str]) -> None:
        at = now()
        rows = [
            {
                "ref": ref, "kind": "person", "name": name[:200], "sort_name": sort_key(name[:200]), "tags": [],
                "custom": {}, "created_at": at,
            }
            for ref, name in new.items()
        ]  # fmt: skip
        ids = self._insert(Customer, rows)
        known_by = zip(ids, new.items(), strict=True)
        index_new(self._session, ((id_, ref, name[:200], None, None) for id_, (ref, name) in known_by))
        self._ids["customers"].update(zip(new, ids, strict=True))

    def _make_products(self, new: Mapping[str, str]) -> None:
        rows = [
            {"code": code[:64], "name": name[:300], "is_active": True, "is_adjustment": False}
            for code, name in new.items()
        ]
        ids = self._insert(Product, rows)
        named = ({"id": id_, **row} for id_, row in zip(ids, rows, strict=True))
        record_search.index_new(self._session, PRODUCTS, named)
        self._ids["products"].update(zip(new, ids, strict=True))

    def _make_teams(self, new: Mapping[str, str]) -> None:
        rows = [{"name": name[:120], "is_active": True} for name in new]
        self._ids["teams"].update(zip(new, self._insert(Team, rows), strict=True))

    def _make_accounts(self, new: Mapping[str, str]) -> None:
        """Closed accounts: they own what they owned, and cannot sign in."""
        for name in new:
            slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:_MAX_SLUG] or "account"
            user = User(
                email=self._free_address(slug),
                name=name[:200],
                role=Role.STAFF.value,
                is_active=False,
                password_hash=None,
            )
            self._session.add(user)
            self._session.flush()
            self._ids["users"][name] = user.id

    def _free_address(self, slug: str) -> str:
        number = 1
        while True:
            address = f"{slug}{'' if number == 1 else f'-{number}'}@imported.invalid"
            if self._session.scalar(select(User.id).where(User.email == address)) is None:
                return address
            number += 1

    def _insert(self, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        assert isinstance(self._session, TrackedSession)
        assert self._import_id is not None
        return insert_rows(self._session, model, rows, self._import_id)
