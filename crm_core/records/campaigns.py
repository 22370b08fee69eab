"""Campaigns: drafted, then started, which freezes the list and draws who is held out; then ended.

Only customers who agreed to marketing are listed, in both arms, so that the arms compare like with like. A list never
changes. The export leaves out the held-out ones, always, and who took the agreement back since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.config import zone
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import Arm, Campaign, CampaignMember, CampaignStatus, Customer, SavedSegment, User
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records import saved_segments
from crm_core.records.arms import Ids, held_out
from crm_core.records.campaign_fields import CLEANERS, FIXED_BY_START, clean
from crm_core.records.edits import fitted_edit
from crm_core.records.member_lists import BATCH
from crm_core.records.scope import customers_in

FIELDS = tuple(CLEANERS)
"""The fields people set; dates, status and list follow from starting and ending."""


@dataclass(frozen=True)
class CampaignRow:
    """One line of the list of campaigns; the arms count customers the viewer may see, 0 before the start."""

    campaign: Campaign
    segment_name: str
    owner_name: str | None
    n_treated: int
    n_held_out: int


@dataclass(frozen=True)
class FrozenList:
    """What starting did: customers in each arm, and those of the segment left out for want of an agreement."""

    n_treated: int
    n_held_out: int
    n_without_consent: int


def list_all(*, session: Session, actor: Actor) -> list[CampaignRow]:
    """All campaigns, newest first.

    Raises:
        PermissionDenied: the role may not see campaigns.
    """
    actor.require(Permission.CAMPAIGNS_VIEW)
    counts = {
        (campaign_id, arm): n
        for campaign_id, arm, n in session.execute(
            select(CampaignMember.campaign_id, CampaignMember.arm, func.count())
            .join(Campaign, _is_its_list())
            .join(Customer, Customer.id == CampaignMember.customer_id)
            .where(customers_in(actor.scope))
            .group_by(CampaignMember.campaign_id, CampaignMember.arm)
        )
    }
    rows = session.execute(
        select(Campaign, SavedSegment.name, User.name)
        .join(SavedSegment, SavedSegment.id == Campaign.segment_id)
        .outerjoin(User, User.id == Campaign.owner_id)
        .order_by(Campaign.id.desc())
    )
    return [
        CampaignRow(
            campaign=campaign,
            segment_name=segment,
            owner_name=owner,
            n_treated=counts.get((campaign.id, Arm.TREATED.value), 0),
            n_held_out=counts.get((campaign.id, Arm.HELD_OUT.value), 0),
        )
        for campaign, segment, owner in rows
    ]


def get(*, session: Session, actor: Actor, campaign_id: int) -> Campaign:
    """The campaign.

    Raises:
        PermissionDenied: the role may not see campaigns.
        NotFound: there is no such campaign.
    """
    actor.require(Permission.CAMPAIGNS_VIEW)
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("There is no campaign {id}.", id=campaign_id)
    return campaign


def members(*, session: Session, actor: Actor, campaign_id: int, arm: Arm) -> Ids:
    """The keys of one arm's customers, rising, of those the actor may see; none before the start.

    Raises:
        PermissionDenied: the role may not see campaigns.
        NotFound: there is no such campaign.
    """
    campaign = get(session=session, actor=actor, campaign_id=campaign_id)
    statement = select(CampaignMember.customer_id).where(
        CampaignMember.campaign_id == campaign.id,
        CampaignMember.list_number == campaign.list_number,
        CampaignMember.arm == arm.value,
    )
    if not actor.scope.is_everything:
        statement = statement.join(Customer, Customer.id == CampaignMember.customer_id).where(customers_in(actor.scope))
    return np.fromiter(session.scalars(statement.order_by(CampaignMember.customer_id)), dtype=np.int64)


def create(*, session: TrackedSession, actor: Actor, values: Mapping[str, Any]) -> Campaign:
    """Draft a campaign for a segment; nobody is listed before it starts.

    Raises:
        PermissionDenied: the role may not edit campaigns.
        Invalid: values that cannot be saved, by field.
    """
    actor.require(Permission.CAMPAIGNS_EDIT)
    cleaned = clean({"name": None, "segment_id": None} | dict(values))
    _check_segment(session, actor, cleaned["segment_id"])
    campaign = Campaign(**cleaned, owner_id=actor.user_id)
    session.add(campaign)
    session.flush()
    return campaign


def update(
    *, session: TrackedSession, actor: Actor, campaign_id: int, seen_version: int, values: Mapping[str, Any]
) -> tuple[str, ...]:
    """Change a campaign read at `seen_version`; the fields whose values stay someone else's.

    Raises:
        PermissionDenied: the role may not edit campaigns.
        NotFound: there is no such campaign.
        Invalid: values that cannot be saved, by field; of a started campaign whatever decides its list or its claim.
        Conflict: others gave the same fields other values since; nothing is saved.
    """
    campaign = _locked(session, actor, campaign_id)
    edit = fitted_edit(
        session,
        campaign,
        fields=FIELDS,
        seen_version=seen_version,
        values=values,
        clean=lambda touched, _seen: clean(touched),
    )
    fixed = FIXED_BY_START & set(edit.apply) if campaign.status != CampaignStatus.DRAFT else frozenset()
    if fixed:
        raise Invalid({name: FieldError("The list is frozen; this can no longer change.") for name in sorted(fixed)})
    if "segment_id" in edit.apply:
        _check_segment(session, actor, edit.apply["segment_id"])
    for name, value in edit.apply.items():
        setattr(campaign, name, value)
    session.flush()
    return edit.kept


def start(
    *,
    session: TrackedSession,
    actor: Actor,
    campaign_id: int,
    candidates: Ids,
    timezone: str,
    strata: Ids | None = None,
    at: datetime | None = None,
) -> FrozenList:
    """Freeze the list and draw the arms: from now on the campaign runs, its window begins today.

    Args:
        candidates: the segment's customers, as evaluated just now; who is gone, unseen by the actor or has not agreed
            to marketing is left out.
        strata: one number a candidate; each stratum gives its share of the held-out. Without it, none.
        timezone: whose days the window counts.

    Raises:
        PermissionDenied: the role may not edit campaigns.
        NotFound: there is no such campaign.
        Invalid: it has started already, or fewer than two customers can be listed.
    """
    campaign = _locked(session, actor, campaign_id)
    _require_status(campaign, CampaignStatus.DRAFT)
    order = np.argsort(candidates, kind="stable")
    wanted = candidates[order]
    agreed = np.isin(wanted, _consenting(session, actor, wanted), assume_unique=True)
    ids = wanted[agreed]
    if len(ids) < 2:
        raise Invalid({"segment_id": FieldError("Fewer than two customers of the segment agreed to marketing.")})
    drawn = held_out(
        ids,
        holdout_bp=campaign.holdout_bp,
        seed=campaign.seed,
        strata=strata[order][agreed] if strata is not None and campaign.is_stratified else None,
    )
    _write_list(session, campaign, ids, drawn)
    campaign.frozen_at = at or now()
    campaign.starts_on = campaign.frozen_at.astimezone(zone(timezone)).date()
    campaign.ends_on = campaign.starts_on + timedelta(days=campaign.window_days)
    campaign.status = CampaignStatus.RUNNING.value
    session.flush()
    n_held_out = int(drawn.sum())
    return FrozenList(len(ids) - n_held_out, n_held_out, len(wanted) - len(ids))


def end(*, session: TrackedSession, actor: Actor, campaign_id: int, timezone: str, at: datetime | None = None) -> None:
    """Close a campaign; before its window is over, the window is cut off after today.

    Raises:
        PermissionDenied: the role may not edit campaigns.
        NotFound: there is no such campaign.
        Invalid: it does not run.
    """
    campaign = _locked(session, actor, campaign_id)
    _require_status(campaign, CampaignStatus.RUNNING)
    assert campaign.ends_on is not None
    today = (at or now()).astimezone(zone(timezone)).date()
    campaign.ends_on = min(campaign.ends_on, today + timedelta(days=1))
    campaign.status = CampaignStatus.ENDED.value
    session.flush()


def _locked(session: TrackedSession, actor: Actor, campaign_id: int) -> Campaign:
    actor.require(Permission.CAMPAIGNS_EDIT)
    campaign = session.scalars(
        select(Campaign).where(Campaign.id == campaign_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if campaign is None:
        raise NotFound("There is no campaign {id}.", id=campaign_id)
    return campaign


def _require_status(campaign: Campaign, wanted: CampaignStatus) -> None:
    if campaign.status == wanted:
        return
    problem = (
        FieldError("The campaign has started already; its list is frozen.")
        if wanted is CampaignStatus.DRAFT
        else FieldError("The campaign does not run.")
    )
    raise Invalid({"status": problem})


def _check_segment(session: Session, actor: Actor, segment_id: int) -> None:
    try:
        segment = saved_segments.get(session=session, actor=actor, segment_id=segment_id)
    except NotFound as error:
        raise Invalid({"segment_id": FieldError("There is no such segment.")}) from error
    if segment.is_removed:
        raise Invalid({"segment_id": FieldError("This segment was removed.")})


def _consenting(session: Session, actor: Actor, ids: Ids) -> Ids:
    if not len(ids):
        return ids
    agreed = session.scalars(
        select(Customer.id).where(
            Customer.id.between(int(ids[0]), int(ids[-1])),
            Customer.has_marketing_consent.is_(True),
            customers_in(actor.scope),
        )
    )
    return np.fromiter(agreed, dtype=np.int64)


def _write_list(session: TrackedSession, campaign: Campaign, ids: Ids, drawn: Any) -> None:
    of_campaign = CampaignMember.campaign_id == campaign.id
    number = (session.scalar(select(func.max(CampaignMember.list_number)).where(of_campaign)) or 0) + 1
    arms = np.where(drawn, Arm.HELD_OUT.value, Arm.TREATED.value).tolist()
    listed = ids.tolist()
    for start_at in range(0, len(listed), BATCH):
        session.execute(
            insert(CampaignMember),
            [
                {"campaign_id": campaign.id, "list_number": number, "customer_id": customer_id, "arm": arm}
                for customer_id, arm in zip(
                    listed[start_at : start_at + BATCH], arms[start_at : start_at + BATCH], strict=True
                )
            ],
        )
    campaign.list_number = number


def _is_its_list() -> Any:
    return (Campaign.id == CampaignMember.campaign_id) & (Campaign.list_number == CampaignMember.list_number)
