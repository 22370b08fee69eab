"""What the file says of orders, customers and products, gathered from its rows wherever they stand in it."""

from __future__ import annotations

from crm_core.imports.staging import Staging
from crm_core.translation import N_

_LINE_TWICE = N_("Order {order} has line {line} twice; the first is row {first}.")
_OTHER_CUSTOMER = N_("Order {order} is of customer {customer} since row {first}; an order has one customer.")


def number_lines(staged: Staging, *, line_column: str | None) -> None:
    """Give every row its line number, and make the table `good` of those that can be loaded so far.

    Where the file has no line numbers a row's is its position among the rows of its order, bad ones counted, so that a
    mended file gives every row the same number again; the table `positions` keeps those of the bad ones. With line
    numbers, a second row with the same one is a problem.
    """
    position = "line_no" if line_column else "row_number() OVER (PARTITION BY order_number ORDER BY row)"
    staged.run(
        f"CREATE TABLE good AS SELECT * REPLACE ({position} AS line_no) FROM staged WHERE order_number IS NOT NULL"  # noqa: S608
    )
    staged.run("DROP TABLE staged")
    staged.run("CREATE TABLE positions AS SELECT row, line_no FROM good WHERE NOT is_good")
    staged.run("DELETE FROM good WHERE NOT is_good")
    if line_column:
        staged.run(
            """INSERT INTO problems SELECT row, $column, line_no::VARCHAR, $template,
                   json_object('order', order_number, 'line', line_no, 'first', first_row)
               FROM (SELECT row, order_number, line_no,
                            min(row) OVER (PARTITION BY order_number, line_no) AS first_row FROM good)
               WHERE row > first_row""",
            {"column": line_column, "template": _LINE_TWICE},
        )
        _set_aside(staged)


def refuse_second_customers(staged: Staging, *, customer_column: str) -> None:
    """Make a problem of every row that gives its order another customer than an earlier row did."""
    staged.run(
        """INSERT INTO problems SELECT g.row, $column, g.customer_ref, $template,
               json_object('order', g.order_number, 'customer', o.ref, 'first', o.first_row)
           FROM good g JOIN (
               SELECT order_number, arg_min(customer_ref, row) AS ref, min(row) AS first_row FROM good
               WHERE customer_ref IS NOT NULL GROUP BY order_number HAVING min(customer_ref) <> max(customer_ref)
           ) o ON o.order_number = g.order_number
           WHERE g.customer_ref <> o.ref""",
        {"column": customer_column, "template": _OTHER_CUSTOMER},
    )
    _set_aside(staged)


def _set_aside(staged: Staging) -> None:
    staged.run("INSERT INTO positions SELECT row, line_no FROM good WHERE row IN (SELECT row FROM problems)")
    staged.run("DELETE FROM good WHERE row IN (SELECT row FROM problems)")


def gather(staged: Staging) -> None:
    """Make file_orders, file_products and file_customers of the good rows, numbered (`seq`) as they first appear.

    Of each, a value is the first in the file that is not empty.
    """
    staged.run(
        """CREATE TABLE file_orders AS SELECT *, row_number() OVER (ORDER BY first_row) AS seq FROM (
               SELECT order_number AS number, min(row) AS first_row, arg_min(ordered_at, row) AS ordered_at,
                      arg_min(customer_ref, row) AS customer_ref, arg_min(country, row) AS country,
                      arg_min(region, row) AS region, arg_min(channel, row) AS channel
               FROM good GROUP BY order_number) ORDER BY seq"""
    )
    staged.run(
        """CREATE TABLE file_products AS SELECT *, row_number() OVER (ORDER BY first_row) AS seq FROM (
               SELECT product_code AS code, min(row) AS first_row, arg_min(product_name, row) AS name,
                      arg_min(category, row) AS category
               FROM good WHERE product_code IS NOT NULL GROUP BY product_code) ORDER BY seq"""
    )
    staged.run(
        """CREATE TABLE file_customers AS SELECT *, row_number() OVER (ORDER BY first_row) AS seq FROM (
               SELECT customer_ref AS ref, min(row) AS first_row, arg_min(customer_name, row) AS name,
                      arg_min(customer_email, row) AS email, arg_min(country, row) AS country,
                      arg_min(region, row) AS region
               FROM good WHERE customer_ref IS NOT NULL GROUP BY customer_ref) ORDER BY seq"""
    )
