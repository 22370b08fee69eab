"""Pages of numbers."""

from crm_core.access import Permission
from crm_core.translation import N_
from dashboard.page_specs.spec import PageSpec

REPORTS = (
    PageSpec(
        "overview",
        N_("Reports"),
        N_("Overview"),
        N_("Sales and customers at a glance, and what changed."),
        ":material/monitoring:",
        Permission.KPIS_VIEW,
    ),
    PageSpec(
        "areas",
        N_("Reports"),
        N_("All areas"),
        N_("Sales, customers, retention, service and pipeline against their targets, and what matters most."),
        ":material/dashboard:",
        Permission.KPIS_VIEW,
    ),
    PageSpec(
        "service",
        N_("Reports"),
        N_("Service"),
        N_("How fast customers are answered and helped, what stands open, and what is out of the ordinary."),
        ":material/support_agent:",
        Permission.KPIS_VIEW,
    ),
    PageSpec(
        "service_tickets",
        N_("Reports"),
        N_("Tickets behind a number"),
        N_("The tickets a number of service is made of."),
        ":material/table_rows:",
        Permission.KPIS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "pipeline",
        N_("Reports"),
        N_("Pipeline"),
        N_("What deals were won and are worth, how they move, and which are stuck."),
        ":material/filter_alt:",
        Permission.KPIS_VIEW,
    ),
    PageSpec(
        "deals_behind",
        N_("Reports"),
        N_("Deals behind a number"),
        N_("The deals a number of the pipeline is made of."),
        ":material/table_rows:",
        Permission.KPIS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "rows",
        N_("Reports"),
        N_("Rows behind a number"),
        N_("The orders, lines or customers a number is made of."),
        ":material/table_rows:",
        Permission.KPIS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "alerts",
        N_("Reports"),
        N_("Alerts"),
        N_("Metrics you watch, and what they had to say."),
        ":material/notifications:",
        Permission.KPIS_VIEW,
    ),
    PageSpec(
        "targets",
        N_("Reports"),
        N_("Targets"),
        N_("What each metric should reach, and who set that."),
        ":material/flag:",
        Permission.KPIS_VIEW,
    ),
)
