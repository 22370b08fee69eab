"""What a role finds on the pages of records: exactly what the permission table gives it, for every kind and role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.records.record_list import RecordQuery, page
from crm_core.workspace import Workspace
from dashboard.ui.records_views import VIEWS
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
REFUSED = "This page is not part of your role"


def may(role: Role, permission: Permission) -> bool:
    return permission in PERMISSIONS[role]


def _keys(app: AppTest) -> set[str]:
    return {str(widget.key) for widget in (*app.button, *app.get("download_button")) if widget.key}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("table", list(VIEWS))
def test_a_list_offers_what_the_role_may_do_with_many(open_app: Open, table: str, role: Role) -> None:
    view = VIEWS[table]
    name = view.pages[0]
    app = open_app(name, role=role, **({"as": "list"} if name == "deals" else {}))
    assert not app.exception
    assert (REFUSED in texts(app)) is not may(role, view.kind.view)
    if not may(role, view.kind.view):
        return
    app.session_state[f"{name}_bulk"] = True  # opened, where there is such a thing
    app.run()
    may_edit_many = may(role, view.kind.edit) and may(role, Permission.RECORDS_BULK_EDIT)
    assert (f"{name}.{table}.new" in _keys(app)) is may(role, view.kind.edit)
    assert (f"{name}.bulk.save" in _keys(app)) is may_edit_many
    assert (f"{name}.csv" in _keys(app)) is may(role, view.kind.export)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("table", list(VIEWS))
def test_a_record_is_changed_by_those_who_may(
    open_app: Open, demo_workspace: Workspace, table: str, role: Role
) -> None:
    view = VIEWS[table]
    with demo_workspace.read() as session:
        row_id = page(session=session, actor=SYSTEM, kind=view.kind, query=RecordQuery(per_page=1)).rows[0].id
    app = open_app(view.pages[1], role=role, id=str(row_id))
    assert not app.exception
    assert not app.error
    saves = [key for key in _keys(app) if key.endswith(".save")]
    assert bool(saves) is may(role, view.kind.edit)
