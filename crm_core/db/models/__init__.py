"""The tables. Grain and invariants of each are in data/README.md."""

from crm_core.db.models.accounts import Draft, SignInAttempt, User, UserSession
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
from crm_core.db.models.sales import LineKind, Order, OrderLine, Product
from crm_core.db.models.system import Change, ChangeRange, ChangeSet, Import, TableVersion, WorkspaceRow

__all__ = [
    "Arm",
    "Campaign",
    "CampaignMember",
    "CampaignStatus",
    "Change",
    "ChangeRange",
    "ChangeSet",
    "Customer",
    "CustomerTerm",
    "Draft",
    "Import",
    "KeptClustering",
    "LineKind",
    "Order",
    "OrderLine",
    "Product",
    "SavedSegment",
    "SegmentKind",
    "SegmentMember",
    "SegmentSize",
    "SignInAttempt",
    "TableVersion",
    "User",
    "UserSession",
    "WorkspaceRow",
]
