"""The metrics of a period by plain Python over literal rows: slow, obvious, and independent of the real ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from crm_core.analytics.periods import Period
from tests.core.tables import Line, Order, instant

ZERO = Decimal("0")


@dataclass(frozen=True)
class Sold:
    """One line with what its order says."""

    line: Line
    order: Order
    day: date

    @property
    def amount(self) -> Decimal:
        return Decimal(self.line.amount)

    @property
    def is_sale(self) -> bool:
        return self.line.kind == "sale" and self.amount > 0 and self.line.quantity > 0

    @property
    def is_refund(self) -> bool:
        return self.line.kind == "refund"

    @property
    def net(self) -> Decimal:
        if self.is_sale:
            return self.amount - Decimal(self.line.discount)
        return self.amount if self.is_refund else ZERO


def sold_lines(orders: Sequence[Order], lines: Sequence[Line], timezone: str) -> list[Sold]:
    by_id = {order.id: order for order in orders}
    days = {order.id: instant(order.at, timezone).astimezone(ZoneInfo(timezone)).date() for order in orders}
    return [Sold(line, by_id[line.order], days[line.order]) for line in lines]


def metrics_of(rows: Sequence[Sold], period: Period) -> dict[str, object]:
    """Every metric of the period; None for all if it holds no line."""
    now = [row for row in rows if period.start <= row.day < period.end]
    before = [row for row in rows if period.previous().start <= row.day < period.start]
    sales, refunds = [row for row in now if row.is_sale], [row for row in now if row.is_refund]
    charged = [row for row in now if row.line.kind == "adjustment" and row.amount > 0]
    credited = [row for row in now if row.line.kind == "adjustment" and row.amount < 0]
    gross = total(sales)
    net = sum((row.net for row in now), ZERO)
    orders = {row.order.id for row in sales}
    bought, bought_before = by_customer(sales), by_customer([row for row in before if row.is_sale])
    active, active_before = set(bought), set(bought_before)
    first_day = first_days(rows)
    new = {customer for customer in active if period.start <= first_day[customer] < period.end}
    repeat = {c for c in active if len({row.order.id for row in sales if row.order.customer == c}) > 1}
    known_net = sum((row.net for row in now if row.order.customer is not None), ZERO)
    base = sum(bought_before.values(), ZERO)
    kept = sum((bought.get(c, ZERO) for c in active_before), ZERO)
    capped = sum((min(bought.get(c, ZERO), bought_before[c]) for c in active_before), ZERO)
    values: dict[str, object] = {
        "gross_sales": gross,
        "refunds": -total(refunds),
        "discounts": sum((Decimal(row.line.discount) for row in sales), ZERO),
        "net_sales": net,
        "orders": len(orders),
        "aov": quotient(gross, len(orders)),
        "active_customers": len(active),
        "new_customers": len(new),
        "returning_customers": len(active & active_before),
        "resurrected_customers": len(active - active_before - new),
        "dormant_customers": len(active_before - active),
        "repeat_rate": share(len(repeat), len(active)),
        "churn_rate": share(len(active_before - active), len(active_before)),
        "nrr": share(kept, base),
        "gross_retention": share(capped, base),
        "arpc": quotient(known_net, len(active)),
        "guest_share": share(total(guests(sales)), gross),
        "net_sales_customers": known_net,
        "product_sales_customers": gross - total(guests(sales)),
        "adjustments_charged": total(charged),
        "adjustments_customers": total(charged) - total(guests(charged)),
        "adjustments_credited": -total(credited),
        "billed": gross + total(charged),
        "billed_customers": gross + total(charged) - total(guests(sales)) - total(guests(charged)),
        "billed_guests": total(guests(sales)) + total(guests(charged)),
        "booked_total": gross + total(charged) + total(refunds) + total(credited),
    }
    return values if now else dict.fromkeys(values)


def total(rows: Sequence[Sold]) -> Decimal:
    return sum((row.amount for row in rows), ZERO)


def guests(rows: Sequence[Sold]) -> list[Sold]:
    return [row for row in rows if row.order.customer is None]


def by_customer(rows: Sequence[Sold]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        if row.order.customer is not None:
            sums[row.order.customer] += row.amount
    return dict(sums)


def first_days(rows: Sequence[Sold]) -> dict[int, date]:
    found: dict[int, date] = {}
    for row in rows:
        if row.is_sale and row.order.customer is not None:
            found[row.order.customer] = min(found.get(row.order.customer, row.day), row.day)
    return found


def quotient(amount: Decimal, count: int) -> Decimal | None:
    return (amount / count).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) if count else None


def share(part: Decimal | int, whole: Decimal | int) -> float | None:
    return float(Decimal(part) / Decimal(whole)) if whole else None
