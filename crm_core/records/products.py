"""Products: what is sold, and codes such as postage that are not; known by their code wherever they come from."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true

from crm_core.access import Permission, Scope
from crm_core.db.models import Product
from crm_core.errors import FieldError
from crm_core.records.field_specs import flag, line, money
from crm_core.records.record_kind import RecordKind
from crm_core.translation import N_


def _everyones(_scope: Scope) -> ColumnElement[bool]:
    """Products belong to no customer."""
    return true()


PRODUCTS = RecordKind(
    model=Product,
    one=N_("Product"),
    title="name",
    view=Permission.PRODUCTS_VIEW,
    edit=Permission.PRODUCTS_EDIT,
    fields=(
        line("name", N_("Name"), 300, required=FieldError("Give it a name.")),
        line("code", N_("Code"), 64, required=FieldError("A product needs a code; imports know it by that.")),
        line("category", N_("Category"), 100),
        money("unit_price", N_("Price")),
        flag("is_active", N_("On sale")),
        flag("is_adjustment", N_("Postage or fee")),
    ),
    filters=("category", "is_active", "is_adjustment"),
    sorts={"name": ("name", "id"), "code": ("code", "id"), "-price": ("-unit_price", "-id"), "-created": ("-id",)},
    searched=("code", "name", "category"),
    in_scope=_everyones,
    unique=frozenset({"code"}),
    defaults={"is_active": True, "is_adjustment": False},
)
