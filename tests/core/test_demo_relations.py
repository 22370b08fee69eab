"""Contacts and consent of the simulated company: as they should be, the same every time, and nothing else moved."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from crm_core import demo
from crm_core.access import SYSTEM
from crm_core.db.models import ConsentEvent, Contact, Customer
from crm_core.demo.relations import MOST
from crm_core.records import record_list
from crm_core.records.record_list import RecordQuery
from crm_core.records.relations import CONTACTS
from crm_core.workspace import Workspace

TODAY = date(2026, 6, 30)


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    demo.fill(workspace, customers=150, seed=5, today=TODAY)
    return workspace


def test_every_organisation_has_a_main_contact_and_no_person_has_one(filled: Workspace) -> None:
    with filled.read() as session:
        kinds = dict(session.execute(select(Customer.id, Customer.kind)).all())
        people = session.scalars(select(Contact).order_by(Contact.id)).all()
    of_each: dict[int, list[Contact]] = {}
    for person in people:
        of_each.setdefault(person.customer_id, []).append(person)
    assert set(of_each) == {id_ for id_, kind in kinds.items() if kind == "organisation"}
    assert all([one.is_main for one in some] == [True] + [False] * (len(some) - 1) for some in of_each.values())
    assert {len(some) for some in of_each.values()} == set(range(1, MOST + 1))
    with filled.read() as session:
        found = record_list.page(
            session=session, actor=SYSTEM, kind=CONTACTS, query=RecordQuery(text=people[0].name, per_page=200)
        )
    assert people[0].id in [row.id for row in found.rows]


def test_what_customers_said_about_marketing_agrees_with_what_their_record_says(filled: Workspace) -> None:
    with filled.read() as session:
        wanted = session.execute(
            select(Customer.id, Customer.has_marketing_consent, Customer.created_at)
            .where(Customer.has_marketing_consent.is_not(None))
            .order_by(Customer.id)
        ).all()
        said = session.execute(
            select(ConsentEvent.customer_id, ConsentEvent.has_consent, ConsentEvent.at).order_by(
                ConsentEvent.customer_id
            )
        ).all()
    assert said == wanted
    assert 0 < len(said) < 150


def test_the_same_company_has_the_same_contacts(filled: Workspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    from crm_core.config import Settings

    settings = Settings(data_dir=tmp_path_factory.mktemp("again"), timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    again = Workspace.open(settings, create=True)
    demo.fill(again, customers=150, seed=5, today=TODAY)
    columns = (Contact.customer_id, Contact.name, Contact.position, Contact.email, Contact.created_at)
    with filled.read() as one, again.read() as other:
        assert one.execute(select(*columns)).all() == other.execute(select(*columns)).all()
        assert one.scalar(select(func.count()).select_from(ConsentEvent)) == other.scalar(
            select(func.count()).select_from(ConsentEvent)
        )
    again.close()
