"""The list of a campaign as a file may hold it: whom to contact, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from crm_core.access import Actor, Permission
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import Arm, Campaign, CampaignMember, CampaignStatus, Customer
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records.scope import customers_in


@dataclass(frozen=True)
class Contact:
    """One customer to contact."""

    ref: str
    name: str
    email: str | None
    phone: str | None
    language: str | None
    country: str | None


def export(*, session: TrackedSession, actor: Actor, campaign_id: int) -> list[Contact]:
    """The customers to contact, by reference; the campaign notes when it was exported first.

    Held-out customers are never among them, nor who does not agree to marketing any more; the latter still count as
    treated, since leaving them out of one arm alone would bias the comparison.

    Raises:
        PermissionDenied: the role may not export campaigns.
        NotFound: there is no such campaign.
        Invalid: it has not started, so there is no list; or it is over.
    """
    actor.require(Permission.CAMPAIGNS_EXPORT)
    campaign = session.get(Campaign, campaign_id, with_for_update=True)
    if campaign is None:
        raise NotFound("There is no campaign {id}.", id=campaign_id)
    if campaign.status != CampaignStatus.RUNNING:
        raise Invalid({"status": FieldError("Only a running campaign has a list to contact.")})
    contacts = session.execute(
        select(Customer.ref, Customer.name, Customer.email, Customer.phone, Customer.language, Customer.country)
        .join(CampaignMember, CampaignMember.customer_id == Customer.id)
        .where(
            CampaignMember.campaign_id == campaign.id,
            CampaignMember.list_number == campaign.list_number,
            CampaignMember.arm == Arm.TREATED.value,
            Customer.has_marketing_consent.is_(True),
            customers_in(actor.scope),
        )
        .order_by(Customer.ref)
    )
    found = [Contact(*contact) for contact in contacts]
    if campaign.exported_at is None:
        campaign.exported_at = now()
        session.flush()
    return found
