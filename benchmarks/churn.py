"""Churn on companies of 10,000 to 1,000,000 customers with ten orders each: time by size, and memory of the largest.

Each size is computed in a process of its own on Parquet files made here: features, all cut-offs, training, scoring. Its
figures are printed; time must not grow faster than n log n from one size to the next.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.table import Context, Line
from crm_core.access import EVERYTHING
from crm_core.warehouse import Tables
from crm_core.warehouse.duck import WORKER_MEMORY_MB
from crm_core.warehouse.order_values import sums_of, totals, with_values

SIZES = (10_000, 100_000, 1_000_000)
LARGEST_MB = 4_096
END, DAYS, HORIZON = date(2026, 6, 30), 900, 90
PRODUCTS, CATEGORIES = 500, 20
_DAY_US = 86_400 * 1_000_000


def run(context: Context) -> list[Line]:
    """Time and memory by size."""
    found = [_measured(context.folder / "churn", n) for n in SIZES]
    for n, figures in zip(SIZES, found, strict=True):
        print(f"churn: {n:,} customers: {figures}")
    lines = []
    for small, large, before, after in zip(SIZES[:-1], SIZES[1:], found[:-1], found[1:], strict=True):
        allowed = large * math.log(large) / (small * math.log(small))
        growth = after["seconds"] / before["seconds"]
        lines.append(
            Line(f"churn: {large:,} over {small:,} customers", growth, "n log n", allowed, 1, unit="times as long")
        )
    lines.append(Line(f"churn: memory, {SIZES[-1]:,} customers", found[-1]["mb"], "allowed", LARGEST_MB, 1, unit="MB"))
    return lines


def _measured(folder: Path, n: int) -> dict[str, float]:
    """Seconds and peak megabytes of one size, in a fresh process."""
    made = folder / str(n)
    if not (made / "order_lines.parquet").exists():
        made.mkdir(parents=True, exist_ok=True)
        _make(made, n)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.churn", str(made)], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _make(folder: Path, n: int) -> None:
    """Customers who come over time, buy at rates of their own and stop at some time; one to three lines an order."""
    random = np.random.default_rng(n)
    came = random.uniform(0, DAYS, n)
    stays = np.minimum(random.exponential(600, n), DAYS - came)
    count = 1 + random.poisson(random.gamma(1.0, 0.036, n) * stays)
    customer = np.repeat(np.arange(1, n + 1), count)
    day = np.repeat(came, count) + random.uniform(size=len(customer)) * np.repeat(stays, count)
    end = int(datetime(END.year, END.month, END.day, tzinfo=UTC).timestamp())
    at = (end - DAYS * 86_400) * 1_000_000 + (day * _DAY_US).astype(np.int64)
    orders = np.arange(1, len(customer) + 1)
    channel = np.array(["web", "shop", "phone"])[random.choice(3, len(orders), p=[0.6, 0.3, 0.1])]
    placed = pa.table(
        {
            "id": orders,
            "ordered_at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "customer_id": customer,
            "country": pa.nulls(len(orders), pa.string()),
            "channel": channel,
        }
    )
    pq.write_table(placed, folder / "orders.parquet")
    order = np.repeat(orders, random.integers(1, 4, len(orders)))
    price = random.integers(1, 100, len(order)) * 10_000
    lines = pa.table(
        {
            "order_id": order,
            "product_id": random.zipf(1.6, len(order)) % PRODUCTS + 1,
            "kind": np.full(len(order), "sale"),
            "quantity": np.ones(len(order), dtype=np.int64),
            "amount_e4": price,
            "discount_e4": np.where(random.uniform(size=len(order)) < 0.1, price // 10, 0),
        }
    )
    products = {
        "id": np.arange(1, PRODUCTS + 1),
        "category": np.array([f"c{i % CATEGORIES}" for i in range(PRODUCTS)]),
    }
    pq.write_table(pa.table(products), folder / "products.parquet")
    values = with_values(placed, 0, totals(0, len(orders) + 1, [sums_of(lines)]))
    pq.write_table(values, folder / "order_values.parquet")
    pq.write_table(lines, folder / "order_lines.parquet")


def _compute(folder: Path) -> None:
    """The analysis on these files with the memory a worker's queries have; prints its figures as JSON."""
    from crm_core.analytics.churn import ChurnParams, churn

    spill = folder / "spill"
    connection = duckdb.connect(config={"memory_limit": f"{WORKER_MEMORY_MB}MB", "temp_directory": str(spill)})
    connection.execute("SET TimeZone = 'UTC'")
    frames = {
        name: nw.from_native(connection.read_parquet(str(folder / f"{name}.parquet"))).lazy()
        for name in ("orders", "order_lines", "order_values", "products")
    }
    tables = Tables(frames.__getitem__, scope=EVERYTHING, timezone="UTC", snapshot=None, cursor=connection)
    n_orders = connection.read_parquet(str(folder / "orders.parquet")).shape[0]
    start = time.perf_counter()
    report = churn(tables, ChurnParams(END, HORIZON))
    seconds = time.perf_counter() - start
    figures = {
        "seconds": round(seconds, 2),
        "mb": _peak_mb(),
        "orders": n_orders,
        "scored": report.n_scored,
        "days": len(report.days),
    }
    print(json.dumps(figures))


def _peak_mb() -> int:
    """The most memory this process had. Not `ru_maxrss`: that of a new process begins at what its parent had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("this system does not say how much memory a process had at most")
    return round(int(found[1]) / 1024)


if __name__ == "__main__":
    _compute(Path(sys.argv[1]))
