"""Whatever the orders and however they are mixed in the file: they go in as they are, once, and come out again."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.db.types import to_e4
from tests.core.order_files import ADMIN, everything, rows_of, take_rows

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text.strip() and text.strip() not in {"NULL", "null", "NaN", "nan", "N/A", "#N/A"}
)
ROW = st.tuples(
    st.sampled_from(["O1", "O2", "o1"]),
    st.sampled_from(["", "P1", "P2", "p1"]),
    TEXT,
    st.integers(-1000, 1000),
    st.decimals(Decimal("-9999"), Decimal("9999"), places=4),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=12))
def test_lines_go_in_as_they_are_once_and_come_out_again(
    database: Database, tmp_path: Path, rows: list[tuple[str, str, str, int, Decimal]]
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for order, code, name, quantity, price in rows:
        writer.writerow([order, "2024-03-01", code, name, quantity, f"{price:f}", f"C{order}", ""])
    empty = everything(database)
    first = take_rows(database, tmp_path, buffer.getvalue())

    expected = []
    positions: dict[str, int] = {}
    names: dict[str, str] = {}
    for order, code, name, quantity, price in rows:
        positions[order] = positions.get(order, 0) + 1
        words = name.strip()
        if code:
            names.setdefault(code, words)
        amount = quantity * to_e4(price)
        kind = "refund" if quantity < 0 else "adjustment" if price < 0 else "sale"
        description = None if code and words == names[code] else words
        expected.append((order, positions[order], code or None, description, kind, quantity, to_e4(price), amount))
    assert (
        rows_of(
            database,
            "SELECT o.number, l.line_no, p.code, l.description, l.kind, l.quantity, l.unit_price_e4, l.amount_e4"
            " FROM order_lines l JOIN orders o ON o.id = l.order_id"
            " LEFT JOIN products p ON p.id = l.product_id ORDER BY l.id",
        )
        == expected
    )

    stored = everything(database)
    again = take_rows(database, tmp_path, buffer.getvalue())
    assert (again.unchanged, everything(database)) == (len(rows), stored)
    assert first.import_id is not None
    imports.undo_import(database=database, actor=ADMIN, import_id=first.import_id)
    assert everything(database) == empty
