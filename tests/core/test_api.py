"""The API: who may ask, what comes back, and errors as JSON."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.api.analyses import _registered
from crm_core.api.app import STATUSES, create_api
from crm_core.api.plain import as_json
from crm_core.db.models import Customer
from crm_core.errors import CrmError
from crm_core.records import users
from crm_core.records.sign_in import sign_in
from crm_core.workspace import Workspace
from tests.asgi import Client
from tests.core.order_files import take_rows

PASSWORD = "correct horse battery"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Two customers, one of them Sam's, who sees only his own."""
    with workspace.database.untracked() as session:
        for name, role in (("ada", Role.ADMIN), ("sam", Role.STAFF)):
            users.create(
                session=session, actor=SYSTEM, email=f"{name}@example.com", name=name.title(), role=role,
                password=PASSWORD, sees_only_own=name == "sam",
            )  # fmt: skip
    with workspace.write(SYSTEM, "test") as tracked:
        tracked.add(Customer(ref="C1", name="Ånn Example", sort_name="ann example", country="NO", owner_id=2))
        tracked.add(Customer(ref="C2", name="Zed Example", sort_name="zed example", country="DE"))
    return workspace


@pytest.fixture
def client(filled: Workspace) -> Iterator[Client]:
    with Client(create_api(filled)) as found:
        yield found


def enter(client: Client, workspace: Workspace, name: str) -> None:
    token = sign_in(workspace.database, email=f"{name}@example.com", password=PASSWORD).token
    client.cookies.set("rapport_session", token)


@pytest.mark.parametrize("path", ["/me", "/customers", "/analyses", "/analyses/kpis"])
def test_nobody_gets_an_answer_without_a_session(client: Client, path: str) -> None:
    for cookie in ("", "x" * 43):
        client.cookies.set("rapport_session", cookie)
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (401, {"code": "signed_out", "message": "Sign in first."})


def test_me_says_who_asks_and_what_they_may_do(client: Client, filled: Workspace) -> None:
    enter(client, filled, "sam")
    me = client.get("/me").json()
    assert (me["name"], me["email"], me["role"], me["sees_only_own"]) == ("Sam", "sam@example.com", "staff", True)
    assert Permission.CUSTOMERS_VIEW in me["permissions"]
    assert Permission.USERS_MANAGE not in me["permissions"]


def test_customers_are_searched_sorted_and_paged_within_the_scope(client: Client, filled: Workspace) -> None:
    enter(client, filled, "ada")
    everyone = client.get("/customers?per_page=1&descending=true").json()
    assert (everyone["total"], [row["ref"] for row in everyone["rows"]]) == (2, ["C2"])
    assert [row["ref"] for row in client.get("/customers?country=NO").json()["rows"]] == ["C1"]
    enter(client, filled, "sam")
    assert [row["name"] for row in client.get("/customers").json()["rows"]] == ["Ånn Example"]


def test_a_wrong_parameter_is_named(client: Client, filled: Workspace) -> None:
    enter(client, filled, "ada")
    answer = client.get("/customers?page=0")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert list(answer.json()["fields"]) == ["page"]


def test_an_analysis_runs_with_parameters_from_the_query(client: Client, filled: Workspace) -> None:
    enter(client, filled, "ada")
    assert "kpis" in {one["name"] for one in client.get("/analyses").json()["analyses"]}
    answer = client.get("/analyses/kpis?from=2026-01-01&to=2026-02-01&compare=none")
    assert answer.status_code == 200, answer.text
    assert answer.json()["period"] == {"start": "2026-01-01", "end": "2026-02-01"}


def test_what_an_analysis_cannot_take_is_named(client: Client, filled: Workspace) -> None:
    enter(client, filled, "ada")
    wrong = {
        "from=2026-01-01&to=2026-02-01&colour=red": "colour",
        "from=yesterday&to=2026-02-01": "period.start",
        "from=2026-01-01&to=2026-02-01&compare=never": "compare",
        "": "period",
    }
    for query, field in wrong.items():
        answer = client.get(f"/analyses/kpis?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), query
        assert field in answer.json()["fields"], query


def test_an_analysis_is_refused_to_those_who_may_not_see_it(client: Client, filled: Workspace) -> None:
    enter(client, filled, "sam")
    answer = client.get("/analyses/kpis?from=2026-01-01&to=2026-02-01")
    assert answer.status_code == 403
    assert answer.json() == {
        "code": "permission_denied",
        "message": "The role staff may not do this (kpis.view).",
    }
    assert "kpis" not in {one["name"] for one in client.get("/analyses").json()["analyses"]}


@pytest.fixture
def buyers(filled: Workspace, tmp_path: Path) -> Workspace:
    """Five customers with one order each."""
    take_rows(filled.database, tmp_path, "".join(f"{n},2024-03-0{n},A,Mug,{n},2.5,B{n},France\n" for n in range(1, 6)))
    return filled


MEMBERS = "/analyses/rfm_members?as_of=2024-03-31&cell=5&cell=1"


def test_people_of_a_segment_come_in_pages(client: Client, buyers: Workspace) -> None:
    enter(client, buyers, "ada")
    cells = client.get("/analyses/rfm?as_of=2024-03-31").json()["grid"]
    cell = next(cell for cell in cells if cell["customers"])
    path = f"/analyses/rfm_members?as_of=2024-03-31&cell={cell['r']}&cell={cell['f']}"
    everyone = client.get(path).json()
    assert everyone["totals"] == {"members": cell["customers"]}
    assert len(everyone["members"]) == cell["customers"]
    assert {"ref", "name", "email"} <= everyone["members"][0].keys()
    assert client.get(f"{path}&limit=0").json()["members"] == []
    assert client.get(f"{path}&skip=1").json()["members"] == everyone["members"][1:]
    answer = client.get(f"{path}&limit=1001")
    assert (answer.status_code, answer.json()["fields"]) == (422, {"limit": "A whole number from 0 to 1000."})


def test_people_of_a_segment_are_refused_to_those_who_may_not_export(
    client: Client, buyers: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(client, buyers, "ada")
    may = PERMISSIONS[Role.ADMIN]
    monkeypatch.setitem(PERMISSIONS, Role.ADMIN, may - {Permission.CUSTOMERS_EXPORT})
    answer = client.get(MEMBERS)
    assert (answer.status_code, answer.json()["message"]) == (403, "The role admin may not do this (customers.export).")
    monkeypatch.setitem(PERMISSIONS, Role.ADMIN, may)
    assert client.get(MEMBERS).status_code == 200


def test_every_analysis_that_names_customers_says_so() -> None:
    named = [found for found in _registered().values() if "with_names(" in inspect.getsource(found.compute)]
    assert len(named) >= 3
    assert [found.name for found in named if not found.lists_people] == []


def test_an_unknown_analysis_and_an_unknown_path_are_not_found(client: Client, filled: Workspace) -> None:
    enter(client, filled, "ada")
    answer = client.get("/analyses/horoscope")
    assert (answer.status_code, answer.json()) == (
        404,
        {"code": "not_found", "message": "There is no analysis called 'horoscope'."},
    )
    assert client.get("/nowhere").status_code == 404


def test_every_error_people_can_cause_has_a_status_of_its_own() -> None:
    def below(kind: type[CrmError]) -> Iterator[str]:
        for child in kind.__subclasses__():
            yield child.code
            yield from below(child)

    server_side = {"config", "workspace_missing", "workspace_not_empty", "analysis_failed", "link_invalid", "cancelled"}
    known = {code for code in below(CrmError) if not code.startswith("test")}
    assert known - server_side <= STATUSES.keys(), "give the new error a status"


def test_reports_become_plain_json() -> None:
    class Colour(Enum):
        RED = "red"

    frame = pd.DataFrame({"n": np.array([1, 2]), "x": [0.5, float("nan")], "at": pd.to_datetime(["2026-01-01", None])})
    report = {
        "money": Decimal("12.340"),
        "none": None,
        "infinite": float("inf"),
        "day": date(2026, 1, 2),
        "took": timedelta(seconds=90),
        "kinds": (Colour.RED, np.float64(0.25), True),
        "frame": frame,
    }
    assert as_json(report) == {
        "money": "12.340",
        "none": None,
        "infinite": None,
        "day": "2026-01-02",
        "took": 90.0,
        "kinds": ["red", 0.25, True],
        "frame": [{"n": 1, "x": 0.5, "at": "2026-01-01T00:00:00"}, {"n": 2, "x": None, "at": None}],
    }
