"""What each order's lines add up to, by `line_rules`: whole numbers in NumPy, the same however the lines are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_core.errors import StorageFailed
from crm_core.warehouse.layout import ORDER_VALUES
from crm_core.warehouse.line_rules import line_parts

Ints: TypeAlias = NDArray[np.int64]

VALUES = ("lines", *(f"{part}_{what}" for part in line_parts() for what in ("e4", "lines")))
"""The values of an order: the number of its lines, then money and number of the lines of each part."""

LINE_COLUMNS = ("order_id", "kind", "quantity", "amount_e4", "discount_e4")
"""What must be known of a line."""

ORDER_COLUMNS = tuple(name for name in ORDER_VALUES.columns if name not in VALUES)
"""What is taken over from the order itself."""

_SAFE = 2**62  # sums that stay below it have not overflowed 64 bits on the way


@dataclass(frozen=True)
class Sums:
    """`values` (len(VALUES) × n) of n orders; `order_ids` ascend."""

    order_ids: Ints
    values: Ints

    def changed(self, other: Sums) -> Ints:
        """The orders that are not in both with the same values."""
        ids = np.concatenate([self.order_ids, other.order_ids])
        values = np.hstack([self.values, other.values])
        by_id = np.argsort(ids, kind="stable")
        ids, values = ids[by_id], values[:, by_id]
        is_twin = (np.diff(ids) == 0) & (values[:, 1:] == values[:, :-1]).all(axis=0)
        is_same = np.append(is_twin, False) | np.insert(is_twin, 0, False)
        return np.unique(ids[~is_same])


NOTHING = Sums(np.empty(0, np.int64), np.empty((len(VALUES), 0), np.int64))


def sums_of(lines: pa.Table) -> Sums:
    """What these lines, with LINE_COLUMNS, add to their orders.

    Raises:
        StorageFailed: an order's money does not fit into 64 bits.
    """
    order_ids = lines.column("order_id").to_numpy()
    if (np.diff(order_ids) < 0).any():
        lines = lines.take(np.argsort(order_ids, kind="stable"))
        order_ids = lines.column("order_id").to_numpy()
    parts = line_parts()
    frame = nw.from_native(lines, eager_only=True)
    chosen = frame.select(**{name: part.is_part for name, part in parts.items()})
    starts = _starts(order_ids)
    found = Sums(order_ids[starts], np.zeros((len(VALUES), len(starts)), np.int64))
    found.values[0] = np.diff(starts, append=len(order_ids))
    place_of_line = np.repeat(np.arange(len(starts)), found.values[0])
    for number, (name, part) in enumerate(parts.items()):
        of_part = np.flatnonzero(chosen[name].to_numpy())
        money = part.sign * lines.column(part.money).to_numpy()[of_part]
        places = place_of_line[of_part]
        begins = _starts(places)
        orders = places[begins]
        found.values[1 + 2 * number, orders] = _added(money, begins, found.order_ids[orders])
        found.values[2 + 2 * number, orders] = np.diff(begins, append=len(places))
    return found


def totals(first: int, count: int, parts: Iterable[Sums]) -> Ints:
    """The values (len(VALUES) × count) of the orders first ≤ id < first + count: the sum of these parts of them.

    Raises:
        StorageFailed: an order's money does not fit into 64 bits.
    """
    found = np.zeros((len(VALUES), count), np.int64)
    for part in parts:
        begin, end = np.searchsorted(part.order_ids, [first, first + count])
        places = part.order_ids[begin:end] - first
        before, more = found[:, places], part.values[:, begin:end]
        after = before + more
        # Whole numbers overflow in silence; where they did, the sum has the sign of neither summand.
        if (overflown := ((before ^ after) & (more ^ after) < 0).any(axis=0)).any():
            raise _too_much(first + int(places[overflown][0]))
        found[:, places] = after
    return found


def with_values(orders: pa.Table, first: int, values: Ints) -> pa.Table:
    """The rows of `ORDER_VALUES` of these orders, with ORDER_COLUMNS; `values` are the totals from key `first` on."""
    places = orders.column("id").to_numpy() - first
    columns = dict(zip(VALUES, values[:, places], strict=True))
    return pa.table(
        [columns[name] if name in columns else orders.column(name) for name in ORDER_VALUES.columns],
        schema=ORDER_VALUES.schema,
    )


def _starts(keys: Ints) -> Ints:
    """Where in sorted keys each begins."""
    return np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))


def _added(money: Ints, starts: Ints, order_ids: Ints) -> Ints:
    """The sums of the runs that begin at `starts`, each of one order."""
    if not len(money):
        return money
    if int(np.abs(money).max()) * int(np.diff(starts, append=len(money)).max()) < _SAFE:
        return np.add.reduceat(money, starts)
    exact = np.add.reduceat(money.astype(object), starts)
    for order_id, amount in zip(order_ids.tolist(), exact, strict=True):
        if not -(2**63) <= amount < 2**63:
            raise _too_much(order_id)
    return exact.astype(np.int64)


def _too_much(order_id: int) -> StorageFailed:
    return StorageFailed(
        "The lines of the order with the key {order_id} add up to more than can be counted exactly; the last "
        "snapshot stays in use. Correct its amounts and refresh again.",
        order_id=order_id,
    )
