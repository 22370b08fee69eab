"""What each known customer has bought up to a day: the ground RFM scores and clusters stand on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number, collected
from crm_core.analytics.periods import EARLIEST_YEAR, LATEST_YEAR, Period
from crm_core.errors import FieldError, Invalid

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

EARLIEST = date(EARLIEST_YEAR, 1, 1)


def require_day(as_of: date) -> None:
    """Raise Invalid unless the day lies in the years 1900 to 2199."""
    if not EARLIEST_YEAR <= as_of.year <= LATEST_YEAR:
        outside = FieldError(
            "{day} lies outside the years {earliest} to {latest}.",
            {"day": as_of, "earliest": EARLIEST_YEAR, "latest": LATEST_YEAR},
        )
        raise Invalid({"as_of": outside})


def up_to(as_of: date) -> Period:
    """All days a workspace can have, up to and with that one."""
    return Period(EARLIEST, date.fromordinal(as_of.toordinal() + 1))


def purchases(tables: Tables, as_of: date) -> pd.DataFrame:
    """One row per known customer with a sale on or before the local day `as_of`, by customer_id.

    customer_id, recency_days (since the last sale; 0 on `as_of`), tenure_days (since the first), frequency (orders with
    a sale), monetary_e4 (net sales: sales − discounts − refunds, in ten-thousandths). Nothing after `as_of` counts.
    """
    is_asked = ~nw.col("customer_id").is_null() & sales.within(up_to(as_of), tables.timezone)
    sold_at = nw.when(sales.has_sale()).then(nw.col("ordered_at"))
    by_customer = (
        sales.order_values(tables)
        .filter(is_asked)
        .group_by("customer_id")
        .agg(
            first_at=sold_at.min(),
            last_at=sold_at.max(),
            frequency=as_number(sales.has_sale()).sum().cast(nw.Int64),
            monetary_e4=nw.col("net_e4").sum().cast(nw.Int64),
        )
    )
    found = collected(
        by_customer.filter(nw.col("frequency") > 0)
        .select(
            "customer_id",
            "frequency",
            "monetary_e4",
            first_on=nw.col("first_at").dt.date(),
            last_on=nw.col("last_at").dt.date(),
        )
        .sort("customer_id")
    )
    day = pd.Timestamp(as_of)
    recency = (day - pd.to_datetime(found["last_on"])).dt.days.astype("int64")
    tenure = (day - pd.to_datetime(found["first_on"])).dt.days.astype("int64")
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "recency_days": recency,
            "tenure_days": tenure,
            "frequency": found["frequency"],
            "monetary_e4": found["monetary_e4"],
        }
    )


def with_names(tables: Tables, members: pd.DataFrame) -> pd.DataFrame:
    """The members with who they are: customer_id, ref, name, email, country, then the other columns."""
    people = collected(tables.customers.select("id", "ref", "name", "email", "country"))
    named = members.merge(people, left_on="customer_id", right_on="id", how="inner", validate="one_to_one")
    first = ["customer_id", "ref", "name", "email", "country"]
    return named[first + [name for name in members.columns if name not in first]].reset_index(drop=True)
