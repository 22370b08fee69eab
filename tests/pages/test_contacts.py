"""Contacts on the screen: listed, changed, taken back, and added on the page of their organisation."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.db.models import Contact, Customer
from crm_core.records import record_service
from crm_core.records.relations import CONTACTS
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def some(workspace: Workspace, kind: str) -> int:
    with workspace.read() as session:
        return session.scalars(select(Customer.id).where(Customer.kind == kind).order_by(Customer.id)).first() or 0


def contact(workspace: Workspace, name: str) -> int:
    values = {"name": name, "customer_id": some(workspace, "organisation")}
    with workspace.write(SYSTEM, "form") as session:
        return int(record_service.create(session=session, actor=SYSTEM, kind=CONTACTS, values=values).id)


def test_a_contact_is_found_opened_changed_and_taken_back(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = contact(demo_workspace, "Petronella Quist")
    app = open_app("contacts", q="petron")
    assert list(app.dataframe[0].value["name"]) == ["Petronella Quist"]
    app = open_app("contact", id=str(row_id))
    app.text_input(key=f"contacts:{row_id}.position.0").set_value("Purchasing").run()
    app.text_input(key=f"contacts:{row_id}.email.0").set_value("no address").run()
    app.button(key=f"contacts:{row_id}.save").click().run()
    assert "is not an e" in texts(app)
    app.text_input(key=f"contacts:{row_id}.email.0").set_value("p@quist.example.com").run()
    app.button(key=f"contacts:{row_id}.save").click().run()
    with demo_workspace.read() as session:
        held = session.get_one(Contact, row_id)
    assert (held.position, held.email) == ("Purchasing", "p@quist.example.com")
    app.button(key="done.undo").click().run()
    assert not app.exception
    with demo_workspace.read() as session:
        assert session.get_one(Contact, row_id).position is None


def test_a_contact_is_added_on_the_page_of_an_organisation_and_a_person_has_no_such_tab(
    open_app: Open, demo_workspace: Workspace
) -> None:
    organisation, person = some(demo_workspace, "organisation"), some(demo_workspace, "person")
    app = open_app("customer", id=str(organisation))
    app.session_state[f"customer.tabs.{organisation}"] = "Contacts"
    app.session_state["customer.contacts.add"] = True
    app.run()
    form = f"contacts:new:customer_id={organisation}"
    app.text_input(key=f"{form}.name.0").set_value("Ottilie Brandt").run()
    app.button(key=f"{form}.save").click().run()
    assert not app.exception
    with demo_workspace.read() as session:
        made = session.scalars(select(Contact).where(Contact.name == "Ottilie Brandt")).one()
    assert made.customer_id == organisation
    app = open_app("customer", id=str(person))
    assert "Contacts" not in [tab.label for tab in app.tabs]


def test_who_may_not_change_customers_reads_their_contacts(
    open_app: Open, demo_workspace: Workspace, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    row_id = contact(demo_workspace, "Ludger Unseld")
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.CUSTOMERS_EDIT})
    app = open_app("contact", role=Role.STAFF, id=str(row_id))
    assert "Name: **Ludger Unseld**" in texts(app)
    assert not app.text_input
    assert "contacts.contacts.new" not in {button.key for button in open_app("contacts", role=Role.STAFF).button}
