"""Every permission in both directions: who has it may, who has not is refused, for every role and every service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from crm_core.access import PERMISSIONS, SYSTEM, Actor, Permission, Role, Scope
from crm_core.db.engine import Database
from crm_core.db.models import Arm, Campaign, Customer, KeptClustering, Order, SavedSegment, SegmentKind
from crm_core.errors import NotFound, PermissionDenied
from crm_core.records import (
    campaign_export,
    campaigns,
    clusterings,
    customer_list,
    customers,
    duplicates,
    history,
    orders,
    saved_segments,
    segment_sizes,
    undo,
)
from crm_core.records.customer_list import CustomerQuery
from tests.accounts import account

Service = Callable[..., Any]

ROLES: dict[Permission, set[Role]] = {
    Permission.CUSTOMERS_VIEW: set(Role),
    Permission.CUSTOMERS_EDIT: set(Role),
    Permission.CUSTOMERS_EXPORT: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.PRODUCTS_VIEW: set(Role),
    Permission.PRODUCTS_EDIT: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.ORDERS_VIEW: set(Role),
    Permission.ORDERS_EDIT: {Role.ADMIN, Role.MANAGER, Role.SUPPORT, Role.STAFF},
    Permission.TICKETS_VIEW: set(Role),
    Permission.TICKETS_EDIT: set(Role),
    Permission.DEALS_VIEW: set(Role),
    Permission.DEALS_EDIT: set(Role),
    Permission.NEEDS_VIEW: set(Role),
    Permission.NEEDS_EDIT: set(Role),
    Permission.ACTIVITIES_VIEW: set(Role),
    Permission.ACTIVITIES_EDIT: set(Role),
    Permission.RECORDS_BULK_EDIT: {Role.ADMIN, Role.MANAGER, Role.SUPPORT},
    Permission.RECORDS_EXPORT: {Role.ADMIN, Role.MANAGER, Role.MARKETING, Role.SUPPORT},
    Permission.VIEWS_SHARE: {Role.ADMIN, Role.MANAGER, Role.MARKETING, Role.SUPPORT},
    Permission.KPIS_VIEW: {Role.ADMIN, Role.MANAGER, Role.MARKETING, Role.SUPPORT},
    Permission.TARGETS_EDIT: {Role.ADMIN, Role.MANAGER},
    Permission.SEGMENTS_VIEW: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.SEGMENTS_SAVE: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.CAMPAIGNS_VIEW: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.CAMPAIGNS_EDIT: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.CAMPAIGNS_EXPORT: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.IMPORTS_RUN: {Role.ADMIN, Role.MANAGER, Role.MARKETING},
    Permission.HISTORY_VIEW: set(Role),
    Permission.HISTORY_UNDO_OWN: set(Role),
    Permission.HISTORY_UNDO_ANY: {Role.ADMIN, Role.MANAGER},
    Permission.USERS_MANAGE: {Role.ADMIN},
    Permission.SETTINGS_EDIT: {Role.ADMIN, Role.MANAGER},
    Permission.WORKSPACE_MANAGE: {Role.ADMIN},
}

SERVICES: list[tuple[str, tuple[Permission, ...], Service]] = [
    ("get", (Permission.CUSTOMERS_VIEW,), lambda **who: customers.get(**who, customer_id=1)),
    ("list", (Permission.CUSTOMERS_VIEW,), lambda **who: customer_list.page(**who, query=CustomerQuery())),
    ("filters", (Permission.CUSTOMERS_VIEW,), customer_list.filter_values),
    ("owners", (Permission.CUSTOMERS_VIEW,), customer_list.owner_choices),
    ("duplicates", (Permission.CUSTOMERS_VIEW,), lambda **who: duplicates.likely(**who, values={"name": "Ana"})),
    ("create", (Permission.CUSTOMERS_EDIT,), lambda **who: customers.create(**who, values={"name": "Bo"})),
    (
        "update",
        (Permission.CUSTOMERS_EDIT,),
        lambda **who: customers.update(**who, customer_id=1, seen_version=1, values={"region": "NRW"}),
    ),
    (
        "orders",
        (Permission.ORDERS_VIEW, Permission.CUSTOMERS_VIEW),
        lambda **who: orders.for_customer(**who, customer_id=1),
    ),
    (
        "lifetime",
        (Permission.ORDERS_VIEW, Permission.CUSTOMERS_VIEW),
        lambda **who: orders.lifetime(**who, customer_id=1),
    ),
    ("order", (Permission.ORDERS_VIEW,), lambda **who: orders.get(**who, order_id=1)),
    ("history", (Permission.HISTORY_VIEW,), lambda **who: history.for_record(**who, table="customers", row_id=1)),
    ("segments", (Permission.SEGMENTS_VIEW,), saved_segments.list_all),
    ("segment", (Permission.SEGMENTS_VIEW,), lambda **who: saved_segments.get(**who, segment_id=1)),
    ("segment's members", (Permission.SEGMENTS_VIEW,), lambda **who: saved_segments.members(**who, segment_id=1)),
    ("segment's sizes", (Permission.SEGMENTS_VIEW,), lambda **who: segment_sizes.of_segment(**who, segment_id=1)),
    (
        "save a segment",
        (Permission.SEGMENTS_SAVE,),
        lambda **who: saved_segments.create(**who, values={"name": "By hand"}, kind=SegmentKind.HAND, member_ids=[1]),
    ),
    (
        "change a segment",
        (Permission.SEGMENTS_SAVE,),
        lambda **who: saved_segments.update(**who, segment_id=1, seen_version=1, values={"name": "B"}),
    ),
    (
        "choose by hand",
        (Permission.SEGMENTS_SAVE,),
        lambda **who: saved_segments.change_members(**who, segment_id=2, add=[1]),
    ),
    (
        "freeze a segment",
        (Permission.SEGMENTS_SAVE,),
        lambda **who: saved_segments.freeze(**who, segment_id=1, member_ids=[1]),
    ),
    ("thaw a segment", (Permission.SEGMENTS_SAVE,), lambda **who: saved_segments.thaw(**who, segment_id=1)),
    ("remove a segment", (Permission.SEGMENTS_SAVE,), lambda **who: saved_segments.remove(**who, segment_id=1)),
    ("clusterings", (Permission.SEGMENTS_VIEW,), clusterings.list_all),
    ("clustering", (Permission.SEGMENTS_VIEW,), lambda **who: clusterings.get(**who, clustering_id=1)),
    (
        "keep a clustering",
        (Permission.SEGMENTS_SAVE,),
        lambda **who: clusterings.keep(**who, name="B", found_on=date(2026, 1, 31), definition={}),
    ),
    ("remove a clustering", (Permission.SEGMENTS_SAVE,), lambda **who: clusterings.remove(**who, clustering_id=1)),
    ("restore a segment", (Permission.SEGMENTS_SAVE,), lambda **who: saved_segments.restore(**who, segment_id=1)),
    ("campaigns", (Permission.CAMPAIGNS_VIEW,), campaigns.list_all),
    ("campaign", (Permission.CAMPAIGNS_VIEW,), lambda **who: campaigns.get(**who, campaign_id=1)),
    (
        "campaign's members",
        (Permission.CAMPAIGNS_VIEW,),
        lambda **who: campaigns.members(**who, campaign_id=1, arm=Arm.TREATED),
    ),
    (
        "draft a campaign",
        (Permission.CAMPAIGNS_EDIT, Permission.SEGMENTS_VIEW),
        lambda **who: campaigns.create(**who, values={"name": "Spring", "segment_id": 1}),
    ),
    (
        "change a campaign",
        (Permission.CAMPAIGNS_EDIT,),
        lambda **who: campaigns.update(**who, campaign_id=1, seen_version=1, values={"name": "Summer"}),
    ),
    (
        "start a campaign",
        (Permission.CAMPAIGNS_EDIT,),
        lambda **who: campaigns.start(**who, campaign_id=1, candidates=np.array([1, 2]), timezone="UTC"),
    ),
    (
        "end a campaign",
        (Permission.CAMPAIGNS_EDIT,),
        lambda **who: campaigns.end(**who, campaign_id=2, timezone="UTC"),
    ),
    (
        "export a campaign",
        (Permission.CAMPAIGNS_EXPORT,),
        lambda **who: campaign_export.export(**who, campaign_id=2),
    ),
    ("undo a change", (Permission.HISTORY_UNDO_ANY,), lambda **who: undo.undo_change(**who, change_id=2)),
    ("undo a set", (Permission.HISTORY_UNDO_ANY,), lambda **who: undo.undo_change_set(**who, change_set_id=2)),
]


@pytest.fixture
def records(database: Database) -> Database:
    """A customer with an order, its city changed once by somebody else; another one; segments and campaigns."""
    with database.write(SYSTEM, "form") as session:
        session.add(Customer(id=1, ref="C-1", name="Ana"))
        session.flush()
        session.add(Order(id=1, number="1", customer_id=1, ordered_at=datetime(2026, 1, 1, tzinfo=UTC)))
    with database.write(SYSTEM, "form") as session:
        session.get_one(Customer, 1).city = "Köln"
    account(database, "Somebody")
    with database.write(SYSTEM, "form") as session:
        session.add(Customer(id=2, ref="C-2", name="Bo", has_marketing_consent=True))
        session.get_one(Customer, 1).has_marketing_consent = True
        session.add(SavedSegment(id=1, name="A", definition={"all": []}))
        session.add(KeptClustering(id=1, name="A", found_on=date(2026, 1, 31), definition={}))
        session.add(SavedSegment(id=2, name="Chosen", kind="hand", is_live=False))
        session.flush()
        session.add(Campaign(id=1, name="Draft", segment_id=1))
        session.add(Campaign(id=2, name="Runs", segment_id=1, status="running", ends_on=date(2026, 1, 31)))
    return database


class RolledBack(Exception):
    """Ends a transaction without keeping anything."""


def call(database: Database, actor: Actor, service: Service) -> None:
    """Call the service and leave the records as they were."""
    with suppress(RolledBack), database.write(actor, "form") as session:
        service(session=session, actor=actor)
        raise RolledBack


def test_the_permissions_of_every_role_are_those_agreed() -> None:
    assert {
        permission: {role for role in Role if permission in PERMISSIONS[role]} for permission in Permission
    } == ROLES


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("role", list(Role))
def test_an_actor_is_let_through_or_refused_in_words(role: Role, permission: Permission) -> None:
    actor = Actor(1, "Somebody", role)
    assert actor.may(permission) == (role in ROLES[permission])
    if role in ROLES[permission]:
        actor.require(permission)
    else:
        with pytest.raises(PermissionDenied, match=rf"The role {role} may not do this \({permission}\)\."):
            actor.require(permission)


@pytest.mark.parametrize(("service", "needed"), [pytest.param(s, n, id=name) for name, n, s in SERVICES])
def test_each_role_may_use_exactly_the_services_its_permissions_name(
    records: Database, service: Service, needed: tuple[Permission, ...]
) -> None:
    for role in Role:
        actor = Actor(1, "Somebody", role)
        if all(role in ROLES[permission] for permission in needed):
            call(records, actor, service)
        else:
            with records.write(actor, "form") as session, pytest.raises(PermissionDenied):
                service(session=session, actor=actor)


@pytest.mark.parametrize(("service", "needed"), [pytest.param(s, n, id=name) for name, n, s in SERVICES])
def test_each_service_refuses_who_lacks_any_of_its_permissions(
    records: Database, monkeypatch: pytest.MonkeyPatch, service: Service, needed: tuple[Permission, ...]
) -> None:
    for permission in needed:
        lacking = frozenset(Permission) - {permission, Permission.HISTORY_UNDO_OWN}
        monkeypatch.setitem(PERMISSIONS, Role.STAFF, lacking)
        actor = Actor(1, "Somebody", Role.STAFF)
        with records.write(actor, "form") as session, pytest.raises(PermissionDenied):
            service(session=session, actor=actor)
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, frozenset(Permission))
    call(records, Actor(1, "Somebody", Role.STAFF), service)


OF_ONE_RECORD = {"get", "update", "orders", "lifetime", "order", "history", "undo a change"}


@pytest.mark.parametrize("name", sorted(OF_ONE_RECORD))
def test_a_record_outside_the_scope_is_as_good_as_not_there_for_any_role(records: Database, name: str) -> None:
    service = next(service for known, _, service in SERVICES if known == name)
    for role in Role:
        actor = Actor(1, "Somebody", role, Scope(owner_id=1))
        if name == "undo a change" and not actor.may(Permission.HISTORY_UNDO_ANY):
            continue
        with records.write(actor, "form") as session, pytest.raises(NotFound):
            service(session=session, actor=actor)


def test_lists_of_a_scope_leave_out_what_is_outside(records: Database) -> None:
    actor = Actor(1, "Somebody", Role.ADMIN, Scope(owner_id=1))
    with records.read() as session:
        assert customer_list.page(session=session, actor=actor, query=CustomerQuery()).rows == []
        assert duplicates.likely(session=session, actor=actor, values={"name": "Ana"}) == []
        everyone = Actor(1, "Somebody", Role.STAFF)
        assert len(customer_list.page(session=session, actor=everyone, query=CustomerQuery()).rows) == 2
        assert len(duplicates.likely(session=session, actor=everyone, values={"name": "Ana"})) == 1
