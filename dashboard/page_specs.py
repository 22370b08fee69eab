"""The pages there are: file, address, title, icon, section and who may open them."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.access import Permission
from crm_core.translation import N_


@dataclass(frozen=True)
class PageSpec:
    """One page of the app. `is_hidden` pages are reached from others and not listed."""

    name: str
    section: str
    title: str
    summary: str
    icon: str
    permission: Permission | None
    is_hidden: bool = False

    @property
    def file(self) -> str:
        return f"../pages/{self.name}.py"


PAGES = (
    PageSpec(
        "overview",
        N_("Reports"),
        N_("Overview"),
        N_("Sales and customers at a glance, and what changed."),
        ":material/monitoring:",
        Permission.KPIS_VIEW,
    ),
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
        "tickets",
        N_("Work"),
        N_("Tickets"),
        N_("What customers ask, the one due next at the top."),
        ":material/confirmation_number:",
        Permission.TICKETS_VIEW,
    ),
    PageSpec(
        "ticket",
        N_("Work"),
        N_("Ticket"),
        N_("One ticket: what was said, what is due, what to do."),
        ":material/confirmation_number:",
        Permission.TICKETS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "deals",
        N_("Work"),
        N_("Deals"),
        N_("What may be sold, stage by stage, and what it is worth."),
        ":material/handshake:",
        Permission.DEALS_VIEW,
    ),
    PageSpec(
        "deal",
        N_("Work"),
        N_("Deal"),
        N_("One deal: its stages, what was done, what comes next."),
        ":material/handshake:",
        Permission.DEALS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "tasks",
        N_("Work"),
        N_("Tasks"),
        N_("What is to be done, by whom and until when."),
        ":material/task_alt:",
        Permission.ACTIVITIES_VIEW,
    ),
    PageSpec(
        "task",
        N_("Work"),
        N_("Task"),
        N_("One task."),
        ":material/task_alt:",
        Permission.ACTIVITIES_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "needs",
        N_("Work"),
        N_("Needs"),
        N_("What customers want, and how many and which of them."),
        ":material/lightbulb:",
        Permission.NEEDS_VIEW,
    ),
    PageSpec(
        "need",
        N_("Work"),
        N_("Need"),
        N_("One need."),
        ":material/lightbulb:",
        Permission.NEEDS_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "activities",
        N_("Work"),
        N_("Activities"),
        N_("Calls, e-mails, meetings and notes."),
        ":material/call:",
        Permission.ACTIVITIES_VIEW,
        is_hidden=True,
    ),
    PageSpec(
        "activity",
        N_("Work"),
        N_("Activity"),
        N_("One call, e-mail, meeting or note."),
        ":material/call:",
        Permission.ACTIVITIES_VIEW,
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
    PageSpec(
        "customers",
        N_("Work"),
        N_("Customers"),
        N_("Find, open and add customers."),
        ":material/group:",
        Permission.CUSTOMERS_VIEW,
    ),
    PageSpec(
        "new_customer",
        N_("Work"),
        N_("New customer"),
        N_("Add a customer; likely duplicates show while you type."),
        ":material/person_add:",
        Permission.CUSTOMERS_EDIT,
        is_hidden=True,
    ),
    PageSpec(
        "data",
        N_("Workspace"),
        N_("Data"),
        N_("Import orders from a file, check them first, take an import back."),
        ":material/upload_file:",
        Permission.IMPORTS_RUN,
    ),
    PageSpec(
        "users",
        N_("Workspace"),
        N_("Users"),
        N_("Who may sign in, and what they may do."),
        ":material/manage_accounts:",
        Permission.USERS_MANAGE,
    ),
    PageSpec(
        "account",
        N_("Workspace"),
        N_("Your account"),
        N_("Language, password and the browsers you are signed in with."),
        ":material/account_circle:",
        None,
        is_hidden=True,
    ),
    PageSpec(
        "customer",
        N_("Work"),
        N_("Customer"),
        N_("Everything about one customer."),
        ":material/person:",
        Permission.CUSTOMERS_VIEW,
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
)

BY_NAME = {page.name: page for page in PAGES}
SECTIONS = (N_("Reports"), N_("Work"), N_("Marketing"), N_("Workspace"))
"""From top to bottom; a click on a section's name folds it, and the browser remembers."""
