"""Mapping files, presets and guesses: what they say, what is wrong with them, and the way back to TOML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core import imports
from crm_core.errors import ImportFailed
from crm_core.imports.fields import FIELD_NAMES
from tests.core.order_files import BASIC, HEADER, write

MINIMAL = '[columns]\norder_number = "a"\nordered_at = "b"\nquantity = "c"\nunit_price = "d"\n'


def refused(text: str) -> str:
    with pytest.raises(ImportFailed) as caught:
        imports.parse_mapping(text, name="my.toml")
    return str(caught.value)


def test_a_mapping_file_says_columns_options_rules_and_countries(tmp_path: Path) -> None:
    text = """
kind = "orders"
[columns]
order_number = "Order ID"
ordered_at = "Order Date"
quantity = "Quantity"
line_total = "Sales"
[options]
encoding = "cp1252"
delimiter = ";"
date_format = "%m/%d/%Y"
decimal = ","
timezone = "America/New_York"
missing = ["", "?"]
[rules]
refund_order_prefixes = ["R"]
negative_quantity = "adjustment"
[countries]
EIRE = "IE"
"""
    mapping = imports.load_mapping(write(tmp_path, text, "m.toml"))
    assert mapping.columns["line_total"] == "Sales"
    assert (mapping.options.encoding, mapping.options.timezone, mapping.options.missing) == (
        "cp1252",
        "America/New_York",
        ("", "?"),
    )
    assert (mapping.rules.refund_order_prefixes, mapping.rules.negative_quantity) == (("R",), "adjustment")
    assert mapping.countries == {"EIRE": "IE"}
    assert imports.parse_mapping(mapping.to_toml(), name="m.toml") == mapping


@pytest.mark.parametrize("name", imports.PRESETS)
def test_every_preset_is_a_mapping_and_survives_the_way_through_toml(name: str) -> None:
    mapping = imports.preset(name)
    assert imports.parse_mapping(mapping.to_toml(), name=name) == mapping


TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)


@given(
    st.fixed_dictionaries(dict.fromkeys(("order_number", "ordered_at", "quantity", "unit_price"), TEXT)),
    st.lists(TEXT, max_size=4),
    st.dictionaries(TEXT, st.sampled_from(["", "IE", "ZA"]), max_size=3),
)
def test_any_mapping_survives_the_way_through_toml(
    columns: dict[str, str], missing: list[str], countries: dict[str, str]
) -> None:
    mapping = imports.Mapping(
        columns, imports.Options(missing=tuple(missing), day_first=True), imports.Rules(), countries
    )
    assert imports.parse_mapping(mapping.to_toml(), name="m.toml") == mapping


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("= 1", "The mapping file my.toml is not TOML: Invalid"),
        ("what = 1\n" + MINIMAL, "my.toml: 'what' is not part of a mapping."),
        ('kind = "tickets"\n' + MINIMAL, "my.toml maps tickets; only orders can be imported so far."),
        (
            '[columns]\nquantity = "q"\n',
            "my.toml does not say which column holds order_number, ordered_at, unit_price or"
            " line_total. Add them under [columns].",
        ),
        (MINIMAL + 'colour = "x"\n', "my.toml: 'colour' is not a field of orders. The fields are: order_number,"),
        (MINIMAL + 'line_total = "x"\n', "my.toml maps both unit_price and line_total; keep one of them."),
        (MINIMAL + "category = 1\n", 'my.toml [columns] must be a table of texts, such as quantity = "Qty".'),
        (
            MINIMAL + "[options]\nspeed = 1\n",
            "my.toml [options]: 'speed' is unknown. It may hold: encoding, delimiter,",
        ),
        (MINIMAL + '[options]\nday_first = "yes"\n', "my.toml [options]: day_first must be true or false."),
        (MINIMAL + "[options]\ndecimal = 1\n", "my.toml [options]: decimal must be a text in quotation marks."),
        (MINIMAL + '[options]\ndecimal = ";"\n', "my.toml: decimal is ';'; it must be '.' or ','."),
        (MINIMAL + '[options]\ndelimiter = ",,"\n', "my.toml: delimiter is ',,'; it must be one character"),
        (
            MINIMAL + '[options]\nmissing = "?"\n',
            'my.toml [options]: missing must be a list of texts, such as ["", "?"].',
        ),
        (
            MINIMAL + '[options]\ntimezone = "Mars"\n',
            "my.toml: 'Mars' is not a time zone; give one such as Europe/London.",
        ),
        (MINIMAL + '[options]\nwhole_numbers = ["x"]\n', "my.toml: whole_numbers names 'x', which is not a field"),
        (
            MINIMAL + '[rules]\nnegative_quantity = "gift"\n',
            "my.toml: negative_quantity is 'gift'; it must be one of sale, refund, adjustment.",
        ),
        (
            MINIMAL + "[rules]\nrefund = 1\n",
            "my.toml [rules]: 'refund' is unknown. It may hold: refund_order_prefixes,",
        ),
        (
            MINIMAL + '[countries]\nEIRE = "Ireland"\n',
            "my.toml: the country 'EIRE' stands for 'Ireland', which is not a code",
        ),
        ("rules = 3\n" + MINIMAL, "my.toml [rules] must be a table."),
        (
            MINIMAL + '[rules]\nrefund_order_prefixes = ["C", ""]\n',
            "my.toml: refund_order_prefixes holds an empty text, with which every order number begins. Leave it out.",
        ),
        *(
            (
                MINIMAL + f'[options]\nencoding = "{name}"\n',
                f"'{name}' is not an encoding; use one such as utf-8, gb18030",
            )
            for name in ("klingon", "zlib", "rot13", "base64", "utf-9")
        ),
        *(
            (
                MINIMAL + f"[options]\ndelimiter = {json.dumps(text)}\n",
                f"my.toml: delimiter is '{text}'; it must be one character, such as ',' or ';'.",
            )
            for text in ("，", "\n", '"')
        ),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said_in_words(text: str, message: str) -> None:
    assert refused(text).startswith(message)


def test_a_mapping_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed) as caught:
        imports.load_mapping(tmp_path / "none.toml")
    assert str(caught.value).startswith("The mapping file ")
    assert str(caught.value).endswith("none.toml cannot be read: No such file or directory")
    with pytest.raises(ImportFailed, match="is not UTF-8 text"):
        imports.load_mapping(write(tmp_path, "ü".encode("cp1252"), "m.toml"))


def test_a_preset_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ImportFailed) as caught:
        imports.preset("../secrets")
    assert str(caught.value) == "There is no preset '../secrets'. The presets are: online-retail."


def test_every_field_is_described_and_has_names_of_its_own() -> None:
    assert FIELD_NAMES[:4] == ("order_number", "ordered_at", "quantity", "unit_price")
    synonyms = [name for item in imports.ORDER_FIELDS for name in item.synonyms]
    assert len(synonyms) == len(set(synonyms))
    assert all(item.label and item.description for item in imports.ORDER_FIELDS)
    assert {item.name for item in imports.ORDER_FIELDS if item.is_required} == {
        "order_number",
        "ordered_at",
        "quantity",
        "unit_price",
        "line_total",
    }


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
            {
                "order_number": "InvoiceNo",
                "ordered_at": "InvoiceDate",
                "quantity": "Quantity",
                "unit_price": "UnitPrice",
                "product_code": "StockCode",
                "product_name": "Description",
                "customer_ref": "CustomerID",
                "country": "Country",
            },
        ),
        (
            "Order ID;Order Date;Customer ID;Customer Name;Segment;State;Product ID;Category;Product Name"
            ";Sales;Quantity;Discount",
            {
                "order_number": "Order ID",
                "ordered_at": "Order Date",
                "quantity": "Quantity",
                "line_total": "Sales",
                "product_code": "Product ID",
                "product_name": "Product Name",
                "category": "Category",
                "customer_ref": "Customer ID",
                "customer_name": "Customer Name",
                "region": "State",
            },
        ),
        (
            "订单编号,下单时间,商品编码,商品名称,数量,单价,金额,客户编号,客户姓名,省份",
            {
                "order_number": "订单编号",
                "ordered_at": "下单时间",
                "quantity": "数量",
                "unit_price": "单价",
                "product_code": "商品编码",
                "product_name": "商品名称",
                "customer_ref": "客户编号",
                "customer_name": "客户姓名",
                "region": "省份",
            },
        ),
    ],
)
def test_columns_are_recognised_by_their_names(tmp_path: Path, header: str, expected: dict[str, str]) -> None:
    profile = imports.inspect(write(tmp_path, header + "\n"))
    assert imports.guess_mapping(profile).columns == expected


def test_columns_that_cannot_be_recognised_are_asked_for(tmp_path: Path) -> None:
    profile = imports.inspect(write(tmp_path, "a,b,qty\n1,2,3\n"))
    with pytest.raises(ImportFailed) as caught:
        imports.guess_complete_mapping(profile)
    assert str(caught.value) == (
        "Which column of orders.csv holds order_number, ordered_at, unit_price or line_total?"
        " Its columns are: a, b, qty. Say it in a mapping."
    )
    assert imports.guess_mapping(profile).columns == {"quantity": "qty"}


def test_columns_that_are_many_or_long_do_not_flood_the_message(tmp_path: Path) -> None:
    profile = imports.inspect(write(tmp_path, "x" * 5000 + "," + ",".join(f"c{n}" for n in range(10_000)) + "\n"))
    with pytest.raises(ImportFailed) as caught:
        imports.guess_complete_mapping(profile)
    message = str(caught.value)
    assert message.endswith("c27, c28, …. Say it in a mapping.")
    assert len(message) < 1000


def test_two_columns_of_one_name_are_asked_about_instead_of_taking_the_first(tmp_path: Path) -> None:
    path = write(tmp_path, "order_number,ordered_at,quantity,unit_price,quantity,note,note\n1,2024-03-01,3,1,4,,\n")
    with pytest.raises(ImportFailed) as caught:
        imports.guess_complete_mapping(imports.inspect(path))
    assert str(caught.value) == (
        "orders.csv has several columns called 'quantity', so it is not clear which holds quantity. Say it in a"
        " mapping: 'quantity' is the first of them, and the others are called quantity (5)."
    )


def test_a_column_called_like_a_repeated_one_is_told_apart_too(tmp_path: Path) -> None:
    assert imports.inspect(write(tmp_path, "a (3),b,a,a (3)\n1,2,3,4\n")).columns == ("a (3)", "b", "a", "a (3) (4)")
    assert imports.inspect(write(tmp_path, "a,a (3),a\n1,2,3\n")).columns == ("a", "a (3)", "a (3) (3)")


def test_a_profile_shows_the_first_rows_as_text(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "".join(f"{n},2024-03-01,A,,1,1,,\n" for n in range(30)), "upload-1f3a")
    profile = imports.inspect(path, name="Sales March.csv")
    assert (profile.name, profile.format, profile.encoding, profile.delimiter) == (
        "Sales March.csv",
        "csv",
        "utf-8",
        ",",
    )
    assert profile.columns == ("order", "date", "code", "name", "qty", "price", "customer", "country")
    assert len(profile.rows) == 20
    assert profile.rows[3] == ("3", "2024-03-01", "A", "", "1", "1", "", "")
    assert (profile.size, profile.n_rows) == (path.stat().st_size, None)
    assert profile.fingerprint == imports.inspect(path, name="Sales March.csv").fingerprint
    other = write(tmp_path, HEADER + "x,2024-03-01,A,,1,1,,\n", "other")
    assert profile.fingerprint != imports.inspect(other, name="Sales March.csv").fingerprint


def test_columns_without_a_name_or_with_the_same_are_told_apart(tmp_path: Path) -> None:
    assert imports.inspect(write(tmp_path, "a,,a,b\n1,2,3,4\n")).columns == ("a", "column 2", "a (3)", "b")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ('1,13/4/2024,A,,1,"2,50",,\n', imports.Written(True, False, ",")),
        ("1,4/13/2024,A,,1,2.50,,\n", imports.Written(False, False, ".")),
        ("1,2024-04-13,A,,1,2.50,,\n", imports.Written(None, False, ".")),
        ('1,3/4/2024,A,,1,"1,234",,\n', imports.Written(None, True, None)),
    ],
)
def test_how_a_file_writes_dates_and_amounts_is_found_before_the_import(
    tmp_path: Path, rows: str, found: imports.Written
) -> None:
    assert imports.find_written(write(tmp_path, HEADER + rows), BASIC) == found
