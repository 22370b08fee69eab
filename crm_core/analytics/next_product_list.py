"""What to name to whom, in names instead of keys: for a screen, a file, or a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_core.analytics.contacts import named
from crm_core.analytics.next_product import NextProductReport

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


def recommended(report: NextProductReport, product_id: int | None = None) -> pd.DataFrame:
    """The report's recommendations by customer and rank; those of one product by rank, the latest buyers first."""
    rows = report.recommendations
    if product_id is None:
        return rows
    asked = rows[rows["product_id"] == product_id]
    order = ["rank", "last_on", "customer_id"]
    return asked.sort_values(order, ascending=[True, False, True], ignore_index=True)


def products_named(report: NextProductReport) -> pd.DataFrame:
    """Which products are named, and to how many customers, most first: product_id, code, name, customers."""
    counts = report.recommendations["product_id"].value_counts().rename("customers")
    found = report.products.merge(counts, left_on="product_id", right_index=True)
    return found.sort_values(["customers", "product_id"], ascending=[False, True], ignore_index=True)


def in_names(tables: Tables, report: NextProductReport, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `recommended` with names: customer_id, ref, name, email, country, has_marketing_consent, rank,
    product_code, product_name, reason, because_code, because_name (None unless the reason is "followed"), lift,
    last_on; in the same order, without customers one may not see.
    """
    people = named(tables, rows, also=["has_marketing_consent"])
    about = report.products.set_index("product_id")
    for prefix, key in (("product", "product_id"), ("because", "because_id")):
        ids = people.pop(key).astype("Int64")
        for column in ("code", "name"):
            told = ids.map(about[column]).astype(object)
            people[f"{prefix}_{column}"] = told.where(ids.notna().to_numpy(), None)
    first = ["customer_id", "ref", "name", "email", "country", "has_marketing_consent", "rank"]
    what = ["product_code", "product_name", "reason", "because_code", "because_name", "lift", "last_on"]
    return people[[*first, *what]]
