"""Who may do what: roles, the permission table, and whose customers one may see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crm_core.errors import PermissionDenied


class Role(StrEnum):
    """What a person does here; decides the permissions."""

    ADMIN = "admin"
    MANAGER = "manager"
    MARKETING = "marketing"
    SUPPORT = "support"
    STAFF = "staff"


class Permission(StrEnum):
    """One thing a role may be allowed to do."""

    CUSTOMERS_VIEW = "customers.view"
    CUSTOMERS_EDIT = "customers.edit"
    CUSTOMERS_EXPORT = "customers.export"
    PRODUCTS_VIEW = "products.view"
    PRODUCTS_EDIT = "products.edit"
    ORDERS_VIEW = "orders.view"
    ORDERS_EDIT = "orders.edit"
    TICKETS_VIEW = "tickets.view"
    TICKETS_EDIT = "tickets.edit"
    DEALS_VIEW = "deals.view"
    DEALS_EDIT = "deals.edit"
    NEEDS_VIEW = "needs.view"
    NEEDS_EDIT = "needs.edit"
    ACTIVITIES_VIEW = "activities.view"
    ACTIVITIES_EDIT = "activities.edit"
    RECORDS_BULK_EDIT = "records.bulk_edit"
    RECORDS_EXPORT = "records.export"
    VIEWS_SHARE = "views.share"
    KPIS_VIEW = "kpis.view"
    TARGETS_EDIT = "targets.edit"
    SEGMENTS_VIEW = "segments.view"
    SEGMENTS_SAVE = "segments.save"
    CAMPAIGNS_VIEW = "campaigns.view"
    CAMPAIGNS_EDIT = "campaigns.edit"
    CAMPAIGNS_EXPORT = "campaigns.export"
    IMPORTS_RUN = "imports.run"
    HISTORY_VIEW = "history.view"
    HISTORY_UNDO_OWN = "history.undo_own"
    HISTORY_UNDO_ANY = "history.undo_any"
    USERS_MANAGE = "users.manage"
    SETTINGS_EDIT = "settings.edit"
    WORKSPACE_MANAGE = "workspace.manage"


_P = Permission
_EVERYONE = {
    _P.CUSTOMERS_VIEW,
    _P.CUSTOMERS_EDIT,
    _P.PRODUCTS_VIEW,
    _P.ORDERS_VIEW,
    _P.TICKETS_VIEW,
    _P.TICKETS_EDIT,
    _P.DEALS_VIEW,
    _P.DEALS_EDIT,
    _P.NEEDS_VIEW,
    _P.NEEDS_EDIT,
    _P.ACTIVITIES_VIEW,
    _P.ACTIVITIES_EDIT,
    _P.HISTORY_VIEW,
    _P.HISTORY_UNDO_OWN,
}
_MARKETING = {
    _P.PRODUCTS_EDIT,
    _P.KPIS_VIEW,
    _P.SEGMENTS_VIEW,
    _P.SEGMENTS_SAVE,
    _P.CAMPAIGNS_VIEW,
    _P.CAMPAIGNS_EDIT,
    _P.CAMPAIGNS_EXPORT,
    _P.CUSTOMERS_EXPORT,
    _P.RECORDS_EXPORT,
    _P.VIEWS_SHARE,
    _P.IMPORTS_RUN,
}
_SELLING = {_P.ORDERS_EDIT}
_MANAGING = {_P.HISTORY_UNDO_ANY, _P.TARGETS_EDIT, _P.SETTINGS_EDIT}
_LEADS = {_P.RECORDS_BULK_EDIT, _P.RECORDS_EXPORT, _P.VIEWS_SHARE}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.MANAGER: frozenset(_EVERYONE | _SELLING | _MARKETING | _LEADS | _MANAGING),
    Role.MARKETING: frozenset(_EVERYONE | _MARKETING),
    Role.SUPPORT: frozenset(_EVERYONE | _SELLING | _LEADS | {_P.KPIS_VIEW}),
    Role.STAFF: frozenset(_EVERYONE | _SELLING),
}


@dataclass(frozen=True)
class Scope:
    """Whose customers one may see: everyone's, or only those one owns.

    `owner_id` None means every customer and every guest sale; a number means the customers owned by that user, their
    orders, and no guest sales.
    """

    owner_id: int | None = None

    @property
    def is_everything(self) -> bool:
        return self.owner_id is None


EVERYTHING = Scope()


@dataclass(frozen=True)
class Actor:
    """Who is doing something: passed to every service call, which checks it."""

    user_id: int | None
    name: str
    role: Role
    scope: Scope = EVERYTHING

    def may(self, permission: Permission) -> bool:
        """Whether this actor's role includes the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raise PermissionDenied unless the actor has the permission."""
        if not self.may(permission):
            raise PermissionDenied(
                "The role {role} may not do this ({permission}).", role=self.role.value, permission=permission.value
            )


SYSTEM = Actor(user_id=None, name="system", role=Role.ADMIN)
"""The command line and background work: whoever can read the database file could do this anyway."""
