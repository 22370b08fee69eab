"""Every sales and customer metric, defined once: what it is called, its formula, and where its number comes from.

Page, CSV, API, command line and report take name, formula, value and n from here, so they agree. Names and formulas are
English message ids; the screen translates them. `docs/metrics.md` lists the same definitions for readers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, TypeAlias

from crm_core.analytics.measures import Measures
from crm_core.db.types import MONEY_SCALE, from_e4
from crm_core.translation import N_

Value: TypeAlias = Decimal | int | float | None

_SMALLEST = Decimal(1).scaleb(-MONEY_SCALE)


@dataclass(frozen=True)
class Definition:
    """What a metric is, in words. `placed_by` says which event puts something into a window, `excluded` what is left
    out, `better` which direction is good news (None: neither), `rows` what a drill-down lists."""

    id: str
    name: str
    formula: str
    unit: Literal["money", "count", "ratio", "hours", "days"]
    placed_by: str
    excluded: str
    better: Literal["up", "down"] | None
    rows: Literal["lines", "orders", "customers", "tickets", "deals"]


@dataclass(frozen=True)
class Metric(Definition):
    """A metric of sales and customers: `measure` and `n` are formulas over the Measures of a window; `n` is what the
    value rests on."""

    measure: Callable[[Measures], Value]
    n: Callable[[Measures], int]

    def value(self, measures: Measures) -> Value:
        """The metric of one window: money as an exact Decimal (quotients to a ten-thousandth), counts whole, ratios as
        floats; None where the window holds no order line at all or the quotient has no base."""
        return None if measures.lines == 0 else self.measure(measures)


def _money(pick: Callable[[Measures], int]) -> Callable[[Measures], Value]:
    return lambda measures: from_e4(pick(measures))


def _money_per(amount: Callable[[Measures], int], count: Callable[[Measures], int]) -> Callable[[Measures], Value]:
    def quotient(measures: Measures) -> Value:
        if count(measures) == 0:
            return None
        return (from_e4(amount(measures)) / count(measures)).quantize(_SMALLEST, ROUND_HALF_EVEN)

    return quotient


def _share(part: Callable[[Measures], int], whole: Callable[[Measures], int]) -> Callable[[Measures], Value]:
    return lambda measures: part(measures) / whole(measures) if whole(measures) else None


_ORDER_DATE = N_("order date")
_OWN_DATE = N_("each by its own date")
_PERIOD = N_("this period and the one of the same length just before")
_NOT_PRODUCTS = N_("adjustments such as postage and fees; lines without price")
_NO_GUESTS = N_("guest sales; adjustments such as postage and fees")
_NOTHING = N_("nothing")

_DEFINITIONS = (
    Metric(
        "gross_sales", N_("Gross sales"),
        N_("Sum of quantity × unit price of all sale lines: product lines with quantity and price above 0"),
        "money", _ORDER_DATE, _NOT_PRODUCTS, "up", "lines", _money(lambda m: m.sale_e4), lambda m: m.sale_lines,
    ),
    Metric(
        "refunds", N_("Refunds"), N_("Sum of cancelled and returned lines, as a positive amount"),
        "money", N_("refund date"), N_("credits that are no return, such as written-off debt"), "down", "lines",
        _money(lambda m: m.refund_e4), lambda m: m.refund_lines,
    ),
    Metric(
        "discounts", N_("Discounts"), N_("Sum of the discounts on sale lines"),
        "money", _ORDER_DATE, N_("discounts on refund lines: a refund is what was given back"), None, "lines",
        _money(lambda m: m.discount_e4), lambda m: m.discount_lines,
    ),
    Metric(
        "net_sales", N_("Net sales"), N_("Gross sales − refunds − discounts"),
        "money", _OWN_DATE, _NOT_PRODUCTS, "up", "lines",
        _money(lambda m: m.net_e4), lambda m: m.sale_lines + m.refund_lines,
    ),
    Metric(
        "orders", N_("Orders"), N_("Number of orders with at least one sale line"),
        "count", _ORDER_DATE, N_("orders of refunds or adjustments alone"), "up", "orders",
        lambda m: m.orders, lambda m: m.orders,
    ),
    Metric(
        "aov", N_("Average order value"), N_("Gross sales ÷ orders"),
        "money", _ORDER_DATE, _NOT_PRODUCTS, "up", "orders",
        _money_per(lambda m: m.sale_e4, lambda m: m.orders), lambda m: m.orders,
    ),
    Metric(
        "active_customers", N_("Active customers"), N_("Number of known customers with a sale in the period"),
        "count", _ORDER_DATE, _NO_GUESTS, "up", "customers", lambda m: m.active, lambda m: m.active,
    ),
    Metric(
        "new_customers", N_("New customers"), N_("Number of known customers whose first ever sale lies in the period"),
        "count", N_("first order"), _NO_GUESTS, "up", "customers", lambda m: m.new, lambda m: m.new,
    ),
    Metric(
        "returning_customers", N_("Returning customers"),
        N_("Number of known customers with a sale in this period and in the one before"),
        "count", _PERIOD, _NO_GUESTS, "up", "customers", lambda m: m.returning, lambda m: m.returning,
    ),
    Metric(
        "resurrected_customers", N_("Resurrected customers"),
        N_("Number of known customers with a sale in this period, none in the one before, and one earlier"),
        "count", _PERIOD, _NO_GUESTS, "up", "customers", lambda m: m.resurrected, lambda m: m.resurrected,
    ),
    Metric(
        "dormant_customers", N_("Dormant customers"),
        N_("Number of known customers with a sale in the period before and none in this one"),
        "count", _PERIOD, _NO_GUESTS, "down", "customers", lambda m: m.dormant, lambda m: m.dormant,
    ),
    Metric(
        "repeat_rate", N_("Repeat rate"),
        N_("Customers with two or more orders inside the period ÷ customers with at least one"),
        "ratio", _ORDER_DATE, _NO_GUESTS, "up", "customers",
        _share(lambda m: m.repeat, lambda m: m.active), lambda m: m.active,
    ),
    Metric(
        "churn_rate", N_("Churn rate"),
        N_("Customers active in the period before and dormant in this one ÷ customers active in the period before"),
        "ratio", _PERIOD, _NO_GUESTS, "down", "customers",
        _share(lambda m: m.dormant, lambda m: m.active_before), lambda m: m.active_before,
    ),
    Metric(
        "nrr", N_("Net revenue retention"),
        N_("Gross sales of this period to customers active in the one before ÷ their gross sales in the one before"),
        "ratio", _PERIOD, _NO_GUESTS, "up", "customers",
        _share(lambda m: m.kept_e4, lambda m: m.base_e4), lambda m: m.active_before,
    ),
    Metric(
        "gross_retention", N_("Gross revenue retention"),
        N_("As net revenue retention, with each customer capped at their gross sales in the period before"),
        "ratio", _PERIOD, _NO_GUESTS, "up", "customers",
        _share(lambda m: m.capped_e4, lambda m: m.base_e4), lambda m: m.active_before,
    ),
    Metric(
        "arpc", N_("Average revenue per customer"), N_("Net sales to known customers ÷ active customers"),
        "money", _OWN_DATE, _NO_GUESTS, "up", "customers",
        _money_per(lambda m: m.known_net_e4, lambda m: m.active), lambda m: m.active,
    ),
    Metric(
        "guest_share", N_("Guest share"), N_("Gross sales without a known customer ÷ gross sales"),
        "ratio", _ORDER_DATE, _NOT_PRODUCTS, None, "lines",
        _share(lambda m: m.guest_sale_e4, lambda m: m.sale_e4), lambda m: m.sale_lines,
    ),
    Metric(
        "net_sales_customers", N_("Net sales to known customers"),
        N_("Gross sales − refunds − discounts, of orders with a known customer"),
        "money", _OWN_DATE, _NO_GUESTS, "up", "lines",
        _money(lambda m: m.known_net_e4), lambda m: m.known_sale_lines + m.refund_lines - m.guest_refund_lines,
    ),
    Metric(
        "product_sales_customers", N_("Product sales to known customers"),
        N_("Gross sales of orders with a known customer"),
        "money", _ORDER_DATE, _NO_GUESTS, "up", "lines",
        _money(lambda m: m.known_sale_e4), lambda m: m.known_sale_lines,
    ),
    Metric(
        "adjustments_charged", N_("Adjustments charged"),
        N_("Sum of postage, fees and other lines that are no product, with amounts above 0"),
        "money", _ORDER_DATE, N_("sales and refunds"), None, "lines",
        _money(lambda m: m.charged_e4), lambda m: m.charged_lines,
    ),
    Metric(
        "adjustments_customers", N_("Adjustments charged to known customers"),
        N_("Adjustments charged, of orders with a known customer"),
        "money", _ORDER_DATE, N_("sales and refunds; guests"), None, "lines",
        _money(lambda m: m.known_charged_e4), lambda m: m.charged_lines - m.guest_charged_lines,
    ),
    Metric(
        "adjustments_credited", N_("Adjustments credited"),
        N_("Sum of lines that are neither product nor return, with amounts below 0, as a positive amount"),
        "money", _ORDER_DATE, N_("sales and refunds"), None, "lines",
        _money(lambda m: m.credited_e4), lambda m: m.credited_lines,
    ),
    Metric(
        "billed", N_("Billed"), N_("Gross sales + adjustments charged: all lines with amounts above 0"),
        "money", _ORDER_DATE, N_("refunds and credits"), "up", "lines",
        _money(lambda m: m.sale_e4 + m.charged_e4), lambda m: m.sale_lines + m.charged_lines,
    ),
    Metric(
        "billed_customers", N_("Billed to known customers"), N_("Billed, of orders with a known customer"),
        "money", _ORDER_DATE, N_("refunds and credits; guests"), "up", "lines",
        _money(lambda m: m.known_sale_e4 + m.known_charged_e4),
        lambda m: m.known_sale_lines + m.charged_lines - m.guest_charged_lines,
    ),
    Metric(
        "billed_guests", N_("Billed to guests"), N_("Billed, of orders without a known customer"),
        "money", _ORDER_DATE, N_("refunds and credits; known customers"), None, "lines",
        _money(lambda m: m.guest_sale_e4 + m.guest_charged_e4), lambda m: m.guest_sale_lines + m.guest_charged_lines,
    ),
    Metric(
        "booked_total", N_("Booked total"), N_("Billed − refunds − adjustments credited: all lines, before discounts"),
        "money", _OWN_DATE, _NOTHING, "up", "lines",
        _money(lambda m: m.sale_e4 + m.charged_e4 - m.refund_e4 - m.credited_e4),
        lambda m: m.sale_lines + m.charged_lines + m.refund_lines + m.credited_lines,
    ),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.id: metric for metric in _DEFINITIONS}
"""Every metric by id, in the order to show them."""
