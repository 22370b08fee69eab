"""Customers whose leaving shows in something no count of purchases knows: who buys at a discount soon stops."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import select

from crm_core import imports
from crm_core.access import SYSTEM
from crm_core.db.models import Customer
from crm_core.records.demo_accounts import create_demo_accounts
from crm_core.warehouse import Tables
from crm_core.workspace import Workspace
from tests.core.tables import Line, Order, Product, make_tables

CUSTOMERS, DAYS = 700, 640
GAPS = (15.0, 30.0, 60.0, 90.0)
CATEGORIES = ("Tea", "Cups")

Purchase = tuple[int, int, bool]
"""A customer, the day counted from the first, and whether it was at a discount."""


def purchases(seed: int = 2, customers: int = CUSTOMERS) -> list[Purchase]:
    """Purchases of DAYS days. Every second customer buys at a discount and stops after a purchase half of the time."""
    random = np.random.default_rng(seed)
    found: list[Purchase] = []
    for customer in range(1, customers + 1):
        is_cheap = customer % 2 == 0
        day, gap = float(random.uniform(0, DAYS - 1)), random.choice(GAPS)
        while day < DAYS:
            found.append((customer, int(day), is_cheap))
            if is_cheap and random.random() < 0.5:
                break
            day += 1 + random.exponential(gap)
    return sorted(found, key=lambda purchase: (purchase[1], purchase[0]))


def leavers_tables(end: date, seed: int = 2, *, earlier: int = 0) -> Tables:
    """The purchases as tables that end on the day; every third customer agreed to marketing. `earlier` customers bought
    once each in the year before the others came."""
    orders, lines = [], []
    for number, (customer, day, is_cheap) in enumerate(purchases(seed), 1):
        orders.append(Order(number, f"{_on(end, day)} 12:00", customer, channel="web"))
        lines.append(Line(number, "20", discount="8" if is_cheap else "0", product=customer % 2 + 1))
    for customer in range(CUSTOMERS + 1, CUSTOMERS + 1 + earlier):
        orders.append(Order(100_000 + customer, f"{_on(end, -20 * (customer - CUSTOMERS))} 12:00", customer))
        lines.append(Line(100_000 + customer, "20"))
    people = [{"id": customer, "has_marketing_consent": customer % 3 == 0} for customer in range(1, CUSTOMERS + 1)]
    products = [Product(place, name) for place, name in enumerate(CATEGORIES, 1)]
    return make_tables(orders, lines, products, customers=people)


def fill_with_leavers(workspace: Workspace, end: date, folder: Path, seed: int = 2) -> None:
    """Import the purchases into an empty workspace with the demo's people; everyone agrees to marketing."""
    path = folder / "leavers.csv"
    columns = ["Order ID", "Order Date", "Quantity", "Unit Price", "Discount Amount", "Customer ID", "Customer Name"]
    columns += ["Customer Email", "Product Code", "Category", "Channel"]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        for number, (customer, day, is_cheap) in enumerate(purchases(seed), 1):
            who = [f"L-{customer}", f"Leaver {customer}", f"leaver{customer}@example.org"]
            what = [f"P{customer % 2}", CATEGORIES[customer % 2], "web"]
            rows.writerow([number, f"{_on(end, day)} 12:00", 1, "20.00", "8.00" if is_cheap else "0.00", *who, *what])
    imports.import_orders(
        database=workspace.database,
        actor=SYSTEM,
        path=path,
        mapping=imports.guess_mapping(imports.inspect(path)),
        rejects_folder=folder,
    )
    with workspace.write(SYSTEM, "form") as session:
        create_demo_accounts(session)
        for customer in session.scalars(select(Customer)):
            customer.has_marketing_consent = True


def _on(end: date, day: int) -> date:
    return end - timedelta(days=DAYS - 1 - day)
