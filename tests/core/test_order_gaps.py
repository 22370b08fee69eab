"""How long customers take until their next order, and who still waits."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from crm_core.analytics.order_gaps import OrderGapsParams, order_gaps, time_to_half
from crm_core.analytics.periods import Period
from tests.core.cohort_sales import YEAR
from tests.core.tables import Line, Order, make_tables


def test_orders_of_one_day_are_no_days_apart_and_a_later_number_is_not_reset_by_the_period() -> None:
    orders = [
        Order(1, "2024-01-05 10:00", 1), Order(2, "2024-01-05 18:00", 1), Order(3, "2024-01-12 10:00", 1),
        Order(4, "2024-01-20 10:00"), Order(5, "2024-01-22 10:00"),
    ]  # fmt: skip
    tables = make_tables(orders, [Line(order.id, "5") for order in orders])
    report = order_gaps(tables, OrderGapsParams(YEAR))
    assert report.histogram[["from_days", "to_days", "gaps"]].values.tolist() == [
        [0, 1, 1], [1, 2, 0], [2, 3, 0], [3, 4, 0], [4, 5, 0], [5, 6, 0], [6, 7, 0], [7, 8, 1],
    ]  # fmt: skip
    later = order_gaps(tables, OrderGapsParams(Period(date(2024, 1, 6), date(2024, 2, 1))))
    assert later.steps["order_number"].tolist() == [1, 2, 3]
    assert later.steps["customers"].tolist() == [0, 0, 1]
    assert (later.gaps, later.waiting, later.median_days, later.time_to_half) == (0, 1, None, None)


def test_the_last_bin_holds_everything_beyond() -> None:
    orders = [Order(n, f"{date(2022, 1, 1) + timedelta(days=n)} 10:00", 1) for n in range(40)]
    orders.append(Order(99, "2023-12-01 10:00", 1))
    tables = make_tables(orders, [Line(order.id, "5") for order in orders])
    report = order_gaps(tables, OrderGapsParams(Period(date(2022, 1, 1), date(2024, 1, 1))))
    assert report.histogram.values.tolist() == [[0, 1, 0], [1, 2, 39], [2, None, 1]]


def test_waiting_customers_count_until_they_are_lost_from_sight() -> None:
    # Freireich et al. (1963): weeks in remission with 6-MP, and whether it ended; the published median is 23 weeks.
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    over = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert time_to_half(np.array(weeks), np.array(over, dtype=bool)) == 23
    assert time_to_half(np.array([5, 9]), np.array([True, False])) == 5
    assert time_to_half(np.array([5, 9, 9]), np.array([True, False, False])) is None
