"""What a snapshot holds: the columns of its tables, their Arrow types, and how keys are cut into blocks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow as pa

BLOCK_KEYS = 65_536
"""Keys per block. Twice as many double the refresh after one edit; half as many slow every query down."""

_KEY = pa.int64()
_TEXT = pa.string()
_NUMBER = pa.int64()  # 64 bits for every count too: quantity × price never overflows, and SQLite hands over 64 bits
_MONEY = pa.int64()  # whole ten-thousandths
_FLAG = pa.bool_()
_INSTANT = pa.timestamp("us", tz="UTC")  # the database's microseconds since 1970 UTC, named: the cast copies nothing


@dataclass(frozen=True)
class TableLayout:
    """One table of the snapshot. Rows are ordered by `id`; `repetitive` columns are stored as dictionaries."""

    name: str
    schema: pa.Schema
    repetitive: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order; the same in the database."""
        return tuple(self.schema.names)

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
    ("line_no", "product_id", "kind", "quantity", "unit_price_e4", "amount_e4", "discount_e4"),
)  # fmt: skip

TABLES = {layout.name: layout for layout in (_CUSTOMERS, _PRODUCTS, _ORDERS, _ORDER_LINES)}
"""The tables of a snapshot by name."""

_WRITTEN_AS = 1  # raise when the way files are written changes so that old ones must not be read

LAYOUT_ID = hashlib.sha256(
    repr((_WRITTEN_AS, BLOCK_KEYS, [(layout.name, str(layout.schema)) for layout in TABLES.values()])).encode()
).hexdigest()[:16]
"""Names this layout. A snapshot of another release's layout is not read but written anew."""


def block_of(key: int) -> int:
    """The block a row with this key lies in, for good."""
    return key // BLOCK_KEYS
