"""Writes the truth about a workspace while it is simulated."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crm_core.demo.baskets import popularity
from crm_core.demo.catalogue import SHIPPING_CODE, bundles, items
from crm_core.demo.chance import Floats, Ints
from crm_core.demo.config import SimulationConfig
from crm_core.demo.lives import NEVER, Lives
from crm_core.demo.people import originals
from crm_core.demo.prices import NO_CHANGE, Prices
from crm_core.demo.rows import MICROS, Labels
from crm_core.demo.truth import PROSPECT, truth_folder
from crm_core.errors import StorageFailed
from crm_core.workspace import Workspace

_CUSTOMERS = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("number", pa.int64()),
        ("segment", pa.string()),
        ("rate_per_week", pa.float64()),
        ("drop_out", pa.float64()),
        ("mean_spend", pa.float64()),
        ("first_order_at", pa.timestamp("us", tz="UTC")),
        ("dropped_at", pa.timestamp("us", tz="UTC")),
        ("n_orders", pa.int64()),
        ("is_duplicate_of", pa.int64()),
    ]
)


class TruthWriter:
    """Writes the truth beside the data while it is made; nothing is visible before `publish`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._rows = _draft(folder / "truth_customers.parquet")
        self._facts = _draft(folder / "truth.json")
        self._writer = pq.ParquetWriter(self._rows, _CUSTOMERS, compression="zstd")

    def add(self, columns: dict[str, Any]) -> None:
        """Add customers, given as columns."""
        arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in _CUSTOMERS]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=_CUSTOMERS))

    def publish(self, facts: dict[str, Any]) -> None:
        """Put both files in place, complete or not at all."""
        self._writer.close()
        self._facts.write_text(json.dumps(facts, ensure_ascii=False, indent=1, default=_plain), encoding="utf-8")
        for draft in (self._rows, self._facts):
            draft.replace(draft.with_suffix(""))

    def close(self) -> None:
        """Remove what was not published."""
        self._writer.close()
        for draft in (self._rows, self._facts):
            draft.unlink(missing_ok=True)


@contextmanager
def writing_truth(workspace: Workspace) -> Iterator[TruthWriter]:
    """A writer for the workspace's truth, whose files are gone unless they were published."""
    try:
        writer = TruthWriter(truth_folder(workspace))
        try:
            yield writer
        finally:
            writer.close()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFailed("The disk is full; nothing was saved. Free some space and try again.") from error
        raise StorageFailed(
            "The demo's files cannot be written to {folder}: {reason}. Nothing was saved.",
            folder=truth_folder(workspace),
            reason=error.strerror or error,
        ) from error


def life_columns(
    config: SimulationConfig, prices: Prices, *, seed: int, lives: Lives, customer_ids: Ints
) -> dict[str, Any]:
    """The truth about these customers, in the columns of `Truth.customers`."""
    names = np.array([*(segment.name for segment in config.segments), PROSPECT], dtype=object)
    shape = np.array([*(segment.p for segment in config.segments), 0.0])[lives.segment]
    is_buyer = lives.segment >= 0
    original = originals(seed, lives.index) if config.has_duplicates else np.full(len(lives.index), -1)
    by_number = dict(zip(lives.index.tolist(), customer_ids.tolist(), strict=True))
    n_orders = np.bincount(lives.owner, minlength=len(lives.index))
    return {
        "customer_id": customer_ids,
        "number": lives.index,
        "segment": names[lives.segment],
        "rate_per_week": lives.rate,
        "drop_out": np.where(is_buyer, lives.drop_out, np.nan),
        "mean_spend": np.where(is_buyer, shape / lives.spend_rate * prices.factor, np.nan),
        "first_order_at": _micros(np.where(n_orders > 0, lives.acquired, NEVER)),
        "dropped_at": _micros(lives.dropped),
        "n_orders": n_orders,
        "is_duplicate_of": [by_number.get(number) for number in original.tolist()],
    }


def company_facts(prices: Prices, labels: Labels, *, seed: int) -> dict[str, Any]:
    """The truth about the catalogue: bundles, popularity and price points, by code as it is in the workspace."""
    codes = [labels.code(code) for code in (*(item.code for item in items()), SHIPPING_CODE)]
    points = [
        (code, valid_from, price)
        for code, changed, levels in zip(codes, prices.changed.tolist(), prices.levels_e4.tolist(), strict=True)
        for valid_from, price in zip([None, *changed], levels, strict=True)
        if valid_from != NO_CHANGE
    ]
    return {
        "bundles": [asdict(bundle) | {"codes": [labels.code(code) for code in bundle.codes]} for bundle in bundles()],
        "popularity": dict(zip(codes, popularity(seed), strict=False)),
        "prices": points,
    }


def _micros(seconds: Floats) -> list[int | None]:
    return [int(value) * MICROS if value >= 0 else None for value in seconds.tolist()]


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go into JSON")
