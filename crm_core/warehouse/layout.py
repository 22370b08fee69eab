"""What a snapshot holds: the columns of its tables, their Arrow types, and how keys are cut into blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import narwhals as nw
import pyarrow as pa

from crm_core.warehouse import line_rules

BLOCK_KEYS = 65_536
"""Keys per block. Twice as many double the refresh after one edit; half as many slow every query down."""

_KEY = pa.int64()
_TEXT = pa.string()
_NUMBER = pa.int64()  # 64 bits for every count too: quantity × price never overflows, and SQLite hands over 64 bits
_MONEY = pa.int64()  # whole ten-thousandths
_FLAG = pa.bool_()
_DAY = pa.date32()
_INSTANT = pa.timestamp("us", tz="UTC")  # the database's microseconds since 1970 UTC, named: the cast copies nothing


@dataclass(frozen=True)
class TableLayout:
    """One table of the snapshot. Rows are ordered by `id`; `repetitive` columns are stored as dictionaries.

    `compression` is Parquet's: zstd where files shall be small, lz4 where every question reads them. `added` are whole
    numbers that follow from the row itself and are written beside the columns of the database.
    """

    name: str
    schema: pa.Schema
    repetitive: tuple[str, ...] = ()
    compression: Literal["zstd", "lz4"] = "zstd"
    added: Mapping[str, Callable[[], nw.Expr]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order; the same in the database."""
        return tuple(self.schema.names)

    @property
    def written(self) -> pa.Schema:
        """What is in the files: the columns, then the added ones."""
        return pa.schema([*self.schema, *((name, _NUMBER) for name in self.added)])

    def complete(self, rows: pa.Table) -> pa.Table:
        """The rows with what is added to them."""
        if not self.added:
            return rows
        added = {name: make() for name, make in self.added.items()}
        return nw.from_native(rows, eager_only=True).with_columns(**added).to_native().cast(self.written)

    def conform(self, table: pa.Table) -> pa.Table:
        """The rows as a database driver gave them, in the types of the snapshot."""
        return pa.table([table.column(i).cast(field.type) for i, field in enumerate(self.schema)], schema=self.schema)


_CUSTOMERS = TableLayout(
    "customers",
    pa.schema(
        [
            ("id", _KEY), ("ref", _TEXT), ("kind", _TEXT), ("name", _TEXT), ("email", _TEXT), ("phone", _TEXT),
            ("country", _TEXT), ("region", _TEXT), ("city", _TEXT), ("language", _TEXT), ("source", _TEXT),
            ("owner_id", _KEY), ("has_marketing_consent", _FLAG), ("created_at", _INSTANT),
        ]
    ),
    ("kind", "country", "region", "city", "language", "source", "owner_id"),
)  # fmt: skip
_PRODUCTS = TableLayout(
    "products",
    pa.schema(
        [
            ("id", _KEY), ("code", _TEXT), ("name", _TEXT), ("category", _TEXT), ("unit_price_e4", _MONEY),
            ("is_active", _FLAG), ("is_adjustment", _FLAG),
        ]
    ),
    ("category",),
)  # fmt: skip
_ORDERS = TableLayout(
    "orders",
    pa.schema(
        [
            ("id", _KEY), ("number", _TEXT), ("ordered_at", _INSTANT), ("customer_id", _KEY),
            ("country", _TEXT), ("region", _TEXT), ("channel", _TEXT),
        ]
    ),
    ("country", "region", "channel"),
)  # fmt: skip
_ORDER_LINES = TableLayout(
    "order_lines",
    pa.schema(
        [
            ("id", _KEY), ("order_id", _KEY), ("line_no", _NUMBER), ("product_id", _KEY), ("kind", _TEXT),
            ("quantity", _NUMBER), ("unit_price_e4", _MONEY), ("amount_e4", _MONEY), ("discount_e4", _MONEY),
        ]
    ),
    ("line_no", "product_id", "kind", "quantity", "unit_price_e4", "amount_e4", "discount_e4", "net_e4"),
    added={"net_e4": line_rules.net_e4},
)  # fmt: skip

_TICKETS = TableLayout(
    "tickets",
    pa.schema(
        [
            ("id", _KEY), ("number", _TEXT), ("customer_id", _KEY), ("subject", _TEXT), ("channel", _TEXT),
            ("category", _TEXT), ("priority", _TEXT), ("status", _TEXT), ("state", _TEXT), ("product_id", _KEY),
            ("assignee_id", _KEY), ("team_id", _KEY), ("opened_by", _TEXT), ("opened_at", _INSTANT),
            ("first_replied_at", _INSTANT), ("first_resolved_at", _INSTANT), ("resolved_at", _INSTANT),
            ("reopened", _NUMBER), ("response_due_at", _INSTANT), ("resolution_due_at", _INSTANT), ("due_at", _INSTANT),
            ("is_sla_met", _FLAG), ("is_satisfied", _FLAG), ("rated_at", _INSTANT), ("merged_into_id", _KEY),
        ]
    ),
    (
        "channel", "category", "priority", "status", "state", "product_id", "assignee_id", "team_id", "opened_by",
        "reopened",
    ),
)  # fmt: skip
_TICKET_EVENTS = TableLayout(
    "ticket_events",
    pa.schema(
        [
            ("id", _KEY), ("ticket_id", _KEY), ("at", _INSTANT), ("kind", _TEXT), ("author", _TEXT),
            ("author_id", _KEY), ("before", _TEXT), ("after", _TEXT), ("state", _TEXT),
        ]
    ),
    ("kind", "author", "author_id", "before", "after", "state"),
)  # fmt: skip
_DEALS = TableLayout(
    "deals",
    pa.schema(
        [
            ("id", _KEY), ("number", _TEXT), ("name", _TEXT), ("customer_id", _KEY), ("product_id", _KEY),
            ("stage", _TEXT), ("outcome", _TEXT), ("amount_e4", _MONEY), ("probability_bp", _NUMBER),
            ("expected_close_on", _DAY), ("source", _TEXT), ("lost_reason", _TEXT), ("owner_id", _KEY),
            ("opened_at", _INSTANT), ("stage_since", _INSTANT), ("closed_at", _INSTANT),
        ]
    ),
    ("product_id", "stage", "outcome", "source", "lost_reason", "owner_id"),
)  # fmt: skip
_DEAL_MOVES = TableLayout(
    "deal_moves",
    pa.schema([("id", _KEY), ("deal_id", _KEY), ("at", _INSTANT), ("before", _TEXT), ("after", _TEXT)]),
    ("before", "after"),
)
_DEAL_STAGES = TableLayout(
    "deal_stages",
    pa.schema(
        [
            ("id", _KEY), ("code", _TEXT), ("name", _TEXT), ("position", _NUMBER), ("probability_bp", _NUMBER),
            ("outcome", _TEXT),
        ]
    ),
)  # fmt: skip
_NEEDS = TableLayout(
    "needs",
    pa.schema(
        [
            ("id", _KEY), ("customer_id", _KEY), ("title", _TEXT), ("product_id", _KEY), ("priority", _TEXT),
            ("status", _TEXT), ("value_e4", _MONEY), ("owner_id", _KEY), ("created_at", _INSTANT),
            ("closed_at", _INSTANT),
        ]
    ),
    ("product_id", "priority", "status", "owner_id"),
)  # fmt: skip
_ACTIVITIES = TableLayout(
    "activities",
    pa.schema(
        [
            ("id", _KEY), ("kind", _TEXT), ("at", _INSTANT), ("customer_id", _KEY), ("deal_id", _KEY),
            ("owner_id", _KEY),
        ]
    ),
    ("kind", "owner_id"),
)  # fmt: skip

ORDER_VALUES = TableLayout(
    "order_values",
    pa.schema(
        [
            ("id", _KEY), ("ordered_at", _INSTANT), ("customer_id", _KEY), ("country", _TEXT), ("channel", _TEXT),
            ("lines", _NUMBER), ("sale_e4", _MONEY), ("sale_lines", _NUMBER), ("refund_e4", _MONEY),
            ("refund_lines", _NUMBER), ("discount_e4", _MONEY), ("discount_lines", _NUMBER), ("charged_e4", _MONEY),
            ("charged_lines", _NUMBER), ("credited_e4", _MONEY), ("credited_lines", _NUMBER),
        ]
    ),
    (
        "country", "channel", "lines", "sale_lines", "refund_e4", "refund_lines", "discount_e4", "discount_lines",
        "charged_e4", "charged_lines", "credited_e4", "credited_lines",
    ),
    compression="lz4",
)  # fmt: skip
"""Not a copy of records but made of orders and their lines, in the blocks of the orders: see `order_values`."""

TABLES = {layout.name: layout for layout in (
    _CUSTOMERS, _PRODUCTS, _ORDERS, _ORDER_LINES, _TICKETS, _TICKET_EVENTS, _DEALS, _DEAL_MOVES, _DEAL_STAGES, _NEEDS,
    _ACTIVITIES,
)}  # fmt: skip
"""The tables of a snapshot that copy records, by name."""

FOLDERS = (*TABLES, ORDER_VALUES.name)
"""Where a snapshot's files lie."""

_WRITTEN_AS = 1  # raise when the way files are written changes so that old ones must not be read

_RULES = tuple(Path(__file__).with_name(name).read_text("utf-8") for name in ("line_rules.py", "order_values.py"))
_SCHEMAS = [(layout.name, layout.compression, str(layout.written)) for layout in (*TABLES.values(), ORDER_VALUES)]

LAYOUT_ID = hashlib.sha256(repr((_WRITTEN_AS, BLOCK_KEYS, _SCHEMAS, _RULES)).encode()).hexdigest()[:16]
"""Names this layout and the rules values were derived by. A snapshot of another release's is not read but written
anew."""


def block_of(key: int) -> int:
    """The block a row with this key lies in, for good."""
    return key // BLOCK_KEYS
