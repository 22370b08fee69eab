"""What may stand in each field of a campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_core.db.types import MONEY_SCALE
from crm_core.errors import FieldError, Invalid
from crm_core.records.arms import WHOLE_BP
from crm_core.records.contact_fields import plain_text
from crm_core.records.marketing_fields import clean_name

MAX_WINDOW_DAYS = 365
MAX_HOLDOUT_BP = 5_000
MAX_CHANNEL = 64
_MAX_COST = Decimal(1_000_000)
_MAX_SEED = 2**31 - 1


def clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they would be saved.

    Raises:
        Invalid: some cannot be saved; `fields` says what is wrong with each.
    """
    errors: dict[str, FieldError] = {}
    cleaned: dict[str, Any] = {}
    for name, value in values.items():
        try:
            cleaned[name] = CLEANERS[name](value)
        except Invalid as error:
            errors[name] = next(iter(error.fields.values()))
    if errors:
        raise Invalid(errors)
    return cleaned


def _channel(value: Any) -> str | None:
    channel = plain_text(str(value or ""))
    if len(channel) > MAX_CHANNEL:
        raise Invalid({"channel": FieldError("A channel has at most {most} characters.", {"most": MAX_CHANNEL})})
    return channel or None


def _cost(value: Any) -> Decimal:
    wrong = Invalid({"contact_cost": FieldError("The cost of a contact is an amount of money of 0 or more.")})
    try:
        cost = Decimal(str(value)).quantize(Decimal(1).scaleb(-MONEY_SCALE))
    except InvalidOperation as error:
        raise wrong from error
    if not cost.is_finite() or not 0 <= cost <= _MAX_COST:
        raise wrong
    return cost


def _whole(field: str, lowest: int, highest: int) -> Callable[[Any], int]:
    def cleaned(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            limits = {"lowest": lowest, "highest": highest}
            raise Invalid({field: FieldError("This is a whole number from {lowest} to {highest}.", limits)})
        return value

    return cleaned


def _share(field: str, lowest: int, highest: int) -> Callable[[Any], int]:
    """A share in hundredths of a percent; people type and read percents."""

    def cleaned(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            limits = {"lowest": f"{lowest / 100:g}", "highest": f"{highest / 100:g}"}
            raise Invalid({field: FieldError("This is a share from {lowest} % to {highest} %.", limits)})
        return value

    return cleaned


def _segment_id(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid({"segment_id": FieldError("Choose a segment.")})
    return value


CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "name": clean_name,
    "segment_id": _segment_id,
    "channel": _channel,
    "contact_cost": _cost,
    "margin_bp": _share("margin_bp", 0, WHOLE_BP),
    "window_days": _whole("window_days", 1, MAX_WINDOW_DAYS),
    "holdout_bp": _share("holdout_bp", 1, MAX_HOLDOUT_BP),
    "seed": _whole("seed", 0, _MAX_SEED),
    "is_stratified": bool,
}
"""What cleans each field that people set."""

FIXED_BY_START = frozenset({"segment_id", "window_days", "holdout_bp", "seed", "is_stratified"})
"""What decides the list and the claim: once the list is frozen, these stay."""
