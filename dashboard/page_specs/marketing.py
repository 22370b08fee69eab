"""Pages of segments, campaigns and predictions."""

from crm_core.access import Permission
from crm_core.translation import N_
from dashboard.page_specs.spec import PageSpec

MARKETING = (
    PageSpec(
        "segments",
        N_("Marketing"),
        N_("Segments"),
        N_("Groups of customers by what they buy, when and how often."),
        ":material/hub:",
        Permission.SEGMENTS_VIEW,
    ),
    PageSpec(
        "baskets",
        N_("Marketing"),
        N_("Baskets"),
        N_("What is bought together, what instead, and what each customer may buy next."),
        ":material/shopping_basket:",
        Permission.SEGMENTS_VIEW,
    ),
    PageSpec(
        "cohorts",
        N_("Marketing"),
        N_("Cohorts"),
        N_("Who comes back, what they bring, and how long the next order takes."),
        ":material/table_chart:",
        Permission.SEGMENTS_VIEW,
    ),
    PageSpec(
        "value",
        N_("Marketing"),
        N_("Value"),
        N_("What customers are expected to buy and spend, and who brings it."),
        ":material/savings:",
        Permission.SEGMENTS_VIEW,
    ),
    PageSpec(
        "churn",
        N_("Marketing"),
        N_("Churn"),
        N_("Who will probably not buy again soon, why, and whom to contact."),
        ":material/person_cancel:",
        Permission.SEGMENTS_VIEW,
    ),
    PageSpec(
        "saved_segments",
        N_("Marketing"),
        N_("Saved segments"),
        N_("Groups of customers you keep: by rule, by model or by hand."),
        ":material/bookmarks:",
        Permission.SEGMENTS_VIEW,
    ),
    PageSpec(
        "campaigns",
        N_("Marketing"),
        N_("Campaigns"),
        N_("Whom to contact, whom to leave alone, and what it changed."),
        ":material/campaign:",
        Permission.CAMPAIGNS_VIEW,
    ),
    PageSpec(
        "saved_segment",
        N_("Marketing"),
        N_("Saved segment"),
        N_("Everything about one saved segment."),
        ":material/bookmark:",
        Permission.SEGMENTS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "segment_rule",
        N_("Marketing"),
        N_("Segment by rule"),
        N_("Say who belongs to a segment, and see how many do."),
        ":material/rule:",
        Permission.SEGMENTS_SAVE,
        is_hidden=True,
    ),
    PageSpec(
        "campaign",
        N_("Marketing"),
        N_("Campaign"),
        N_("Everything about one campaign."),
        ":material/campaign:",
        Permission.CAMPAIGNS_VIEW,
        is_hidden=True,
    ),
)
