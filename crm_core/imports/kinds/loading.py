"""Compare what a file says with the records, and write what is new or different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.base import Tracked
from crm_core.db.history import TrackedSession, encode, store_changes
from crm_core.db.models import Customer, Deal, DealMove, Need, Product, TeamMember, Ticket, TicketEvent
from crm_core.imports.kinds.building import Built, Context, Row, build
from crm_core.imports.kinds.fields import KEYS
from crm_core.imports.kinds.finishing import finished
from crm_core.imports.kinds.mapping import KindMapping
from crm_core.imports.kinds.writing import Writer
from crm_core.imports.plan import Mode
from crm_core.records import record_search, team_members
from crm_core.records.kinds import KINDS
from crm_core.records.search import index_new

_CHUNK = 2_000
_ASKED = 500

_MODELS: Mapping[str, type[Any]] = {
    "tickets": Ticket, "deals": Deal, "needs": Need, "products": Product, "customers": Customer,
}  # fmt: skip
_PARTS: Mapping[str, tuple[type[Any], str, tuple[str, ...]]] = {
    "tickets": (TicketEvent, "ticket_id", ("at", "kind", "after")),
    "deals": (DealMove, "deal_id", ("at", "after")),
}
"""Of each kind with a history: the model of its parts, what names the whole, and what tells one part from another."""

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "customer_id": ("customer_ref", "customer_name"), "product_id": ("product_code", "product_name"),
    "assignee_id": ("assignee",), "team_id": ("team",), "owner_id": ("owner",),
}  # fmt: skip
"""The fields of a file that fill an attribute of another name."""

_SETTLED = frozenset(
    {"state", "reopened", "opened_by", "rated_at", "outcome", "stage_since", "closed_at", "sort_name", "custom"}
)
"""What follows from the rest, and is worked out anew where a record is changed."""


@dataclass(frozen=True)
class Counts:
    """Rows of the file by what became of them, and records by table and what became of them."""

    rows: dict[str, int] = field(default_factory=dict)
    entities: dict[str, dict[str, int]] = field(default_factory=dict)

    def merged(self, others: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """The records of both."""
        both = {table: dict(counts) for table, counts in self.entities.items()}
        for table, counts in others.items():
            for name, n in counts.items():
                of_table = both.setdefault(table, {"created": 0, "updated": 0, "unchanged": 0})
                of_table[name] = of_table.get(name, 0) + n
        return both


def load_kind(
    session: Session,
    mapping: KindMapping,
    rows: Sequence[Row],
    context: Context,
    mode: Mode,
    import_id: int | None,
) -> Counts:
    """Create and update the records of these rows; without an import nothing is written and all is counted."""
    counts = Counts({}, {mapping.kind: {"created": 0, "updated": 0, "unchanged": 0}})
    groups = _grouped(mapping.kind, rows)
    context.references.learn(rows)
    if mapping.kind == "teams":
        return Counts(_join_teams(session, rows, context), {})
    target = _Target(session, mapping, context, import_id)
    for chunk in _chunks(list(groups), _CHUNK):
        built = [build(mapping.kind, groups[key], context) for key in chunk]
        sizes = {one.key: len(groups[key]) for one, key in zip(built, chunk, strict=True)}
        known = target.known(built)
        new = [one for one in built if one.key not in known]
        target.create(new if mode != "update" else [])
        for one in built:
            if one.key not in known:
                what = "skipped" if mode == "update" else "created"
            elif mode == "create":
                what = "skipped"
            else:
                what = "updated" if target.update(known[one.key], one) else "unchanged"
            counts.rows[what] = counts.rows.get(what, 0) + sizes[one.key]
            if what != "skipped":
                counts.entities[mapping.kind][what] += 1
        target.settle()
    target.close()
    return counts


class _Target:
    """The table one kind goes into."""

    def __init__(self, session: Session, mapping: KindMapping, context: Context, import_id: int | None) -> None:
        self._session = session
        self._kind = mapping.kind
        self._context = context
        self._import_id = import_id
        self._model = _MODELS[mapping.kind]
        self._compared = _compared(mapping)
        self._changed: list[Any] = []
        self._rows: Writer | None = None
        self._parts: Writer | None = None
        if import_id is not None:
            assert isinstance(session, TrackedSession)
            self._rows = Writer(session, self._model, import_id)
            if mapping.kind in _PARTS:
                self._parts = Writer(session, _PARTS[mapping.kind][0], import_id)

    def known(self, built: Sequence[Built]) -> dict[tuple[Any, ...], Any]:
        """The records there are, by key; locked where they may be changed."""
        attribute = getattr(self._model, KEYS[self._kind])
        found: dict[tuple[Any, ...], Any] = {}
        for some in _chunks(built, _ASKED):
            statement = select(self._model).where(attribute.in_([one.key[0] for one in some]))
            if self._import_id is not None:
                statement = statement.with_for_update().execution_options(populate_existing=True)
            for row in self._session.scalars(statement):
                key = (row.title, row.customer_id) if self._kind == "needs" else (getattr(row, KEYS[self._kind]),)
                found[key] = row
        return found

    def create(self, built: Sequence[Built]) -> None:
        """Insert new records with their parts and search terms."""
        if self._rows is None or not built:
            return
        session = self._session
        rows = finished(session, self._kind, built, self._context)
        ids = self._rows.insert(rows)
        if self._parts is not None:
            _model, whole, _names = _PARTS[self._kind]
            self._parts.insert([part | {whole: id_} for id_, one in zip(ids, built, strict=True) for part in one.parts])
        if self._kind in KINDS:
            record_search.index_new(
                session, KINDS[self._kind], ({"id": id_, **row} for id_, row in zip(ids, rows, strict=True))
            )
        elif self._kind == "customers":
            index_new(
                session,
                (
                    (id_, row["ref"], row["name"], row.get("email"), row.get("phone"))
                    for id_, row in zip(ids, rows, strict=True)
                ),
            )

    def update(self, row: Any, one: Built) -> bool:
        """Give a known record what the file says; whether that was anything new."""
        differing = {
            name: value
            for name, value in one.values.items()
            if name in self._compared - one.assumed and encode(getattr(row, name)) != encode(value)
        }
        missing = self._missing_parts(row, one)
        if not differing and not missing:
            return False
        if self._import_id is not None:
            for name, value in differing.items():
                setattr(row, name, value)
            if missing:
                model, whole, _names = _PARTS[self._kind]
                self._session.add_all(model(**part, **{whole: row.id}) for part in missing)
            self._changed.append(row)
        return True

    def settle(self) -> None:
        """Store the changes so far, and work out anew what follows from them."""
        if not self._changed:
            return
        assert isinstance(self._session, TrackedSession)
        self._session.flush()
        if self._kind in KINDS:
            KINDS[self._kind].settle(self._session, self._changed)
        store_changes(self._session)
        for row in self._changed:
            self._session.expunge(row)
        self._changed.clear()

    def close(self) -> None:
        """Keep what was created in history."""
        for writer in (self._rows, self._parts):
            if writer is not None:
                writer.close()

    def _missing_parts(self, row: Tracked, one: Built) -> list[dict[str, Any]]:
        if self._kind not in _PARTS:
            return []
        model, whole, names = _PARTS[self._kind]
        columns = [getattr(model, name) for name in names]
        there = {
            tuple(found) for found in self._session.execute(select(*columns).where(getattr(model, whole) == row.id))
        }
        later = [part for part in one.parts if part.get("kind") != "opened" and part.get("before", "") is not None]
        # How it began is known of a known record; a file without that date would say it began now.
        return [part for part in later if tuple(part.get(name) for name in names) not in there]


def _compared(mapping: KindMapping) -> frozenset[str]:
    """The attributes the file has something to say about."""
    given = {*mapping.columns, *mapping.values}
    named = {name for name, fields in _SOURCES.items() if given.intersection(fields)}
    return frozenset((given | named) - _SETTLED)


def _grouped(kind: str, rows: Sequence[Row]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        key = row[KEYS[kind]]
        whole = (key, row.get("customer_ref") or row.get("customer_name")) if kind == "needs" else key
        groups.setdefault(whole, []).append(row)
    return groups


def _join_teams(session: Session, rows: Sequence[Row], context: Context) -> dict[str, int]:
    """Make accounts members of teams, or count what that would do where the session only reads."""
    counts = {"created": 0, "unchanged": 0}
    for row in rows:
        user_id = context.references.id_of("users", row["member"])
        team_id = context.references.id_of("teams", row["team"])
        if isinstance(session, TrackedSession):
            assert user_id is not None
            assert team_id is not None
            is_new = team_members.join(session, user_id, team_id)
        else:
            there = select(TeamMember.team_id).where(TeamMember.user_id == user_id)
            is_new = team_id is None or session.scalar(there) != team_id
        counts["created" if is_new else "unchanged"] += 1
    return counts


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
