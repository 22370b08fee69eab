"""What one window of sales adds up to: the whole numbers every metric is a formula over.

`units.unit_sums` adds up the lines of each day, week or month of a window and counts its orders and buyers.
`histories.customer_history` follows each customer, because who is new, returning, resurrected or dormant is decided by
what one did in the window, in the one before, and ever. `measures_of` puts both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.periods import Period

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, kw_only=True)
class LineSums:
    """What the order lines of a window add up to, each placed by its own order's date; money in ten-thousandths."""

    lines: int
    sale_e4: int
    sale_lines: int
    refund_e4: int
    refund_lines: int
    discount_e4: int
    discount_lines: int
    charged_e4: int
    charged_lines: int
    credited_e4: int
    credited_lines: int
    guest_sale_e4: int
    guest_sale_lines: int
    guest_charged_e4: int
    guest_charged_lines: int
    guest_refund_lines: int
    guest_net_e4: int


@dataclass(frozen=True, kw_only=True)
class CustomerSums:
    """Known customers of a window, against the window of the same length just before; money in ten-thousandths."""

    active: int
    new: int
    returning: int
    resurrected: int
    dormant: int
    repeat: int
    base_e4: int
    """Sales of the period before, of the customers active then."""
    kept_e4: int
    """Sales of this period, of the customers active in the one before."""
    capped_e4: int
    """The same, each customer capped at what they bought in the period before."""


@dataclass(frozen=True, kw_only=True)
class Measures(LineSums, CustomerSums):
    """Everything a metric of one window may be a formula over. "Known" leaves guest sales out."""

    orders: int
    """Orders with at least one sale line."""

    @property
    def net_e4(self) -> int:
        """Sales − refunds − discounts."""
        return self.sale_e4 - self.refund_e4 - self.discount_e4

    @property
    def known_net_e4(self) -> int:
        """Net sales to known customers."""
        return self.net_e4 - self.guest_net_e4

    @property
    def known_sale_lines(self) -> int:
        """Sale lines of known customers."""
        return self.sale_lines - self.guest_sale_lines

    @property
    def known_sale_e4(self) -> int:
        """Sales to known customers."""
        return self.sale_e4 - self.guest_sale_e4

    @property
    def known_charged_e4(self) -> int:
        """Adjustments charged to known customers."""
        return self.charged_e4 - self.guest_charged_e4

    @property
    def active_before(self) -> int:
        """Customers active in the period before."""
        return self.returning + self.dormant


@dataclass(frozen=True)
class Windows:
    """The windows that are shown, first the period itself; `distinct` adds those just before them, each once."""

    shown: tuple[Period, ...]

    @cached_property
    def distinct(self) -> tuple[Period, ...]:
        """Shown windows come first, so that the i-th shown one is the i-th here."""
        return tuple(dict.fromkeys([*self.shown, *(period.previous() for period in self.shown)]))

    def number(self, period: Period) -> int:
        """Which of the distinct windows that is."""
        return self.distinct.index(period)


_LINE_SUMS = [field.name for field in fields(LineSums)]
_CUSTOMER_SUMS = [field.name for field in fields(CustomerSums)]


def collected(frame: sales.Frame) -> pd.DataFrame:
    """The rows of a small lazy frame as pandas: whole numbers stay whole, days are dates."""
    return frame.collect("pyarrow").to_native().to_pandas(date_as_object=True)  # type: ignore[no-any-return]


def totals(frame: pd.DataFrame) -> dict[str, int]:
    """The sum of each column of whole numbers."""
    return {str(name): int(total) for name, total in frame.sum().items()}


def as_number(condition: nw.Expr) -> nw.Expr:
    """1 where the condition holds, else 0, also where it is unknown."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def measures_of(windows: Windows, sums: Sequence[pd.DataFrame], customers: Mapping[str, int]) -> tuple[Measures, ...]:
    """The Measures of each shown window, of its sums by unit of time and the customer sums."""
    return tuple(
        Measures(
            **totals(sums[i][[*_LINE_SUMS, "orders"]]), **{name: customers[f"{name}_{i}"] for name in _CUSTOMER_SUMS}
        )
        for i in range(len(windows.shown))
    )
