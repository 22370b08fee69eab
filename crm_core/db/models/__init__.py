"""The tables. Grain and invariants of each are in data/README.md."""

from crm_core.db.models.accounts import Draft, SignInAttempt, User, UserSession
from crm_core.db.models.alerts import AlertFiring, AlertRule, AlertSeen
from crm_core.db.models.clusterings import KeptClustering
from crm_core.db.models.customers import Customer, CustomerTerm
from crm_core.db.models.marketing import (
    Arm,
    Campaign,
    CampaignMember,
    CampaignStatus,
    SavedSegment,
    SegmentKind,
    SegmentMember,
    SegmentSize,
)
from crm_core.db.models.pipeline import Deal, DealMove, DealStage, Outcome
from crm_core.db.models.relations import Activity, ActivityKind, ConsentEvent, Contact, Need, NeedStatus, Task
from crm_core.db.models.sales import LineKind, Order, OrderLine, Product
from crm_core.db.models.service import (
    Author,
    BusinessCalendar,
    SlaTarget,
    Team,
    TeamMember,
    Ticket,
    TicketEvent,
    TicketEventKind,
    TicketState,
    TicketStatus,
)
from crm_core.db.models.system import Change, ChangeRange, ChangeSet, Import, TableVersion, WorkspaceRow
from crm_core.db.models.working import DefaultView, MetricTarget, RecordTerm, SavedView

__all__ = [
    "Activity",
    "ActivityKind",
    "AlertFiring",
    "AlertRule",
    "AlertSeen",
    "Arm",
    "Author",
    "BusinessCalendar",
    "Campaign",
    "CampaignMember",
    "CampaignStatus",
    "Change",
    "ChangeRange",
    "ChangeSet",
    "ConsentEvent",
    "Contact",
    "Customer",
    "CustomerTerm",
    "Deal",
    "DealMove",
    "DealStage",
    "DefaultView",
    "Draft",
    "Import",
    "KeptClustering",
    "LineKind",
    "MetricTarget",
    "Need",
    "NeedStatus",
    "Order",
    "OrderLine",
    "Outcome",
    "Product",
    "RecordTerm",
    "SavedSegment",
    "SavedView",
    "SegmentKind",
    "SegmentMember",
    "SegmentSize",
    "SignInAttempt",
    "SlaTarget",
    "TableVersion",
    "Task",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketEvent",
    "TicketEventKind",
    "TicketState",
    "TicketStatus",
    "User",
    "UserSession",
    "WorkspaceRow",
]
