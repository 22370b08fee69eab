"""Compare the staged rows with the records: what is created, what changes, what stays; in sets, not row by row.

Lines are recognised by order number and line number, customers by reference, products by code. What a file leaves
empty never erases what is there. A product's or customer's own data, once given, is left to the people who keep it:
an import of orders only fills what is still empty (a name that only repeats the code or reference counts as empty).
"""

from __future__ import annotations

from typing import Literal

from crm_core.db.models import LineKind
from crm_core.imports.staging import Staging

Mode = Literal["create", "update", "upsert"]


def plan(staged: Staging, mode: Mode) -> None:
    """Decide what becomes of every good row; makes the tables `products`, `customers`, `orders` and `lines`.

    Each holds the key, the id where the record is known, its values to be, `is_new` and `is_changed`; `lines` also
    the file's `row` and the `status` that is counted. Needs the known_* tables of `matching.fetch_known`; planning
    again takes the place of what was planned.
    """
    fills = "true" if mode != "create" else "false"
    staged.run(_PRODUCTS.format(fills=fills))
    staged.run(_CUSTOMERS.format(fills=fills))
    staged.run(_ORDERS.format(fills=fills))
    staged.run(
        _LINES.format(
            when_new="skipped" if mode == "update" else "created",
            when_known="skipped" if mode == "create" else "same",
            sale=LineKind.SALE.value,
            adjustment=LineKind.ADJUSTMENT.value,
        )
    )
    for statement in _SETTLE:
        staged.run(statement)


_PRODUCTS = """
CREATE OR REPLACE TABLE products AS
SELECT *, NOT is_new AND (name <> known_name OR category IS DISTINCT FROM known_category) AS is_changed
FROM (
    SELECT f.code, f.seq, k.id, k.id IS NULL AS is_new, coalesce(k.is_adjustment, false) AS is_known_adjustment,
           f.name AS name_in_file, k.name AS known_name, k.category AS known_category,
           CASE WHEN k.id IS NULL OR (k.name = f.code AND {fills}) THEN coalesce(f.name, f.code)
                ELSE k.name END AS name,
           CASE WHEN k.id IS NULL OR {fills} THEN coalesce(k.category, f.category) ELSE k.category END AS category
    FROM file_products f LEFT JOIN known_products k ON k.code = f.code
)"""

_CUSTOMERS = """
CREATE OR REPLACE TABLE customers AS
SELECT *, NOT is_new AND (name <> known_name OR email IS DISTINCT FROM known_email
                          OR country IS DISTINCT FROM known_country
                          OR region IS DISTINCT FROM known_region) AS is_changed
FROM (
    SELECT f.ref, f.seq, k.id, k.id IS NULL AS is_new,
           k.name AS known_name, k.email AS known_email, k.country AS known_country, k.region AS known_region,
           CASE WHEN k.id IS NULL OR (k.name = f.ref AND {fills}) THEN coalesce(f.name, f.ref)
                ELSE k.name END AS name,
           CASE WHEN k.id IS NULL OR {fills} THEN coalesce(k.email, f.email) ELSE k.email END AS email,
           CASE WHEN k.id IS NULL OR {fills} THEN coalesce(k.country, f.country) ELSE k.country END AS country,
           -- a region is filled in beside its own country only
           CASE WHEN k.id IS NULL OR ({fills} AND coalesce(k.country, f.country) IS NOT DISTINCT FROM f.country)
                THEN coalesce(k.region, f.region) ELSE k.region END AS region
    FROM file_customers f LEFT JOIN known_customers k ON k.ref = f.ref
)"""

_ORDERS = """
CREATE OR REPLACE TABLE orders AS
SELECT * EXCLUDE (known_ordered_at, known_country, known_region, known_channel, customer_id),
       {fills} AND NOT is_new AND (
           ordered_at <> known_ordered_at OR country IS DISTINCT FROM known_country
           OR region IS DISTINCT FROM known_region OR channel IS DISTINCT FROM known_channel
           OR (customer_ref IS NOT NULL AND (customer_id IS NULL OR customer_id IS DISTINCT FROM known_customer_id))
       ) AS is_changed
FROM (
    SELECT f.number, f.seq, k.id, k.id IS NULL AS is_new, f.ordered_at, k.ordered_at AS known_ordered_at,
           f.customer_ref, c.id AS customer_id, k.customer_id AS known_customer_id,
           coalesce(f.country, k.country) AS country, k.country AS known_country,
           coalesce(f.region, k.region) AS region, k.region AS known_region,
           coalesce(f.channel, k.channel) AS channel, k.channel AS known_channel
    FROM file_orders f
    LEFT JOIN known_orders k ON k.number = f.number
    LEFT JOIN customers c ON c.ref = f.customer_ref
)"""

_LINES = """
CREATE OR REPLACE TABLE lines AS
SELECT *, line_id IS NOT NULL AND status = 'same' AND (
           changes_product OR description IS DISTINCT FROM known_description OR kind <> known_kind
           OR quantity <> known_quantity OR unit_price_e4 <> known_unit_price_e4
           OR amount_e4 <> known_amount_e4 OR discount_e4 <> known_discount_e4
       ) AS is_changed
FROM (
    SELECT g.row, g.order_number, g.customer_ref, g.line_no, g.product_code, l.id AS line_id,
           l.product_id AS known_product_id,
           CASE WHEN l.id IS NULL THEN '{when_new}' ELSE '{when_known}' END AS status,
           g.product_code IS NOT NULL AND (p.id IS NULL OR p.id IS DISTINCT FROM l.product_id) AS changes_product,
           CASE WHEN g.product_name IS NULL THEN l.description
                WHEN g.product_name = p.name THEN NULL
                WHEN l.id IS NOT NULL AND l.description IS NULL AND g.product_name = p.name_in_file THEN NULL
                ELSE g.product_name END AS description,
           CASE WHEN g.kind = '{sale}' AND p.is_known_adjustment THEN '{adjustment}' ELSE g.kind END AS kind,
           g.quantity, g.unit_price_e4, g.amount_e4, coalesce(g.discount_e4, l.discount_e4, 0) AS discount_e4,
           l.description AS known_description, l.kind AS known_kind, l.quantity AS known_quantity,
           l.unit_price_e4 AS known_unit_price_e4, l.amount_e4 AS known_amount_e4, l.discount_e4 AS known_discount_e4
    FROM good g
    LEFT JOIN products p ON p.code = g.product_code
    LEFT JOIN known_orders o ON o.number = g.order_number
    LEFT JOIN known_lines l ON l.order_id = o.id AND l.line_no = g.line_no
)"""

# What only skipped rows mention is neither created nor changed; what a row needs is created with it.
_SETTLE = (
    "DELETE FROM orders WHERE number NOT IN (SELECT order_number FROM lines WHERE status <> 'skipped')",
    """DELETE FROM customers WHERE
       ref NOT IN (SELECT customer_ref FROM lines WHERE status <> 'skipped' AND customer_ref IS NOT NULL) OR (is_new AND
       ref NOT IN (SELECT customer_ref FROM orders WHERE (is_new OR is_changed) AND customer_ref IS NOT NULL))""",
    """DELETE FROM products WHERE
       code NOT IN (SELECT product_code FROM lines WHERE status <> 'skipped' AND product_code IS NOT NULL)""",
    """UPDATE lines SET status = 'updated' WHERE status = 'same' AND (
           is_changed OR order_number IN (SELECT number FROM orders WHERE is_changed)
           OR product_code IN (SELECT code FROM products WHERE is_changed)
           OR customer_ref IN (SELECT ref FROM customers WHERE is_changed))""",
    """CREATE OR REPLACE TABLE new_products AS
       SELECT row_number() OVER (ORDER BY seq) AS nth, * FROM products WHERE is_new""",
    """CREATE OR REPLACE TABLE new_customers AS
       SELECT row_number() OVER (ORDER BY seq) AS nth, * FROM customers WHERE is_new""",
    """CREATE OR REPLACE TABLE new_orders AS
       SELECT row_number() OVER (ORDER BY seq) AS nth, * FROM orders WHERE is_new""",
)


def count_rows(staged: Staging, n_read: int) -> dict[str, int]:
    """The file's rows by what becomes of them; they add up to `read`."""
    by_status = dict(staged.all("SELECT status, count(*) FROM lines GROUP BY status"))
    counts = {
        "created": by_status.get("created", 0),
        "updated": by_status.get("updated", 0),
        "unchanged": by_status.get("same", 0),
        "skipped": by_status.get("skipped", 0),
        "rejected": staged.count("SELECT count(DISTINCT row) FROM problems"),
    }
    assert sum(counts.values()) == n_read
    return {"read": n_read, **counts}


def count_entities(staged: Staging) -> dict[str, dict[str, int]]:
    """For customers, products, orders and order lines: how many are created, updated and found as they are."""
    conditions = {
        "customers": "is_new, is_changed FROM customers",
        "products": "is_new, is_changed FROM products",
        "orders": "is_new, is_changed FROM orders",
        "order_lines": "line_id IS NULL AS is_new, is_changed FROM lines WHERE status <> 'skipped'",
    }
    result: dict[str, dict[str, int]] = {}
    for name, source in conditions.items():
        created, updated, total = staged.all(
            f"""SELECT count(*) FILTER (is_new), count(*) FILTER (is_changed AND NOT is_new), count(*)
                FROM (SELECT {source})"""  # noqa: S608
        )[0]
        result[name] = {"created": created, "updated": updated, "unchanged": total - created - updated}
    return result
