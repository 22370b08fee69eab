"""Pages of the workspace itself."""

from crm_core.access import Permission
from crm_core.translation import N_
from dashboard.page_specs.spec import PageSpec

WORKSPACE = (
    PageSpec(
        "data",
        N_("Workspace"),
        N_("Data"),
        N_("Import orders from a file, check them first, take an import back."),
        ":material/upload_file:",
        Permission.IMPORTS_RUN,
    ),
    PageSpec(
        "settings",
        N_("Workspace"),
        N_("Settings"),
        N_("Service targets, working hours, teams, statuses and stages."),
        ":material/settings:",
        Permission.SETTINGS_EDIT,
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
)
