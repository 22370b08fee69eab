"""`rapport baskets`: the agreed keys, over the workspace's orders and over a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.errors import CrmError, ImportFailed

HEAD = "Order No,Order Date,SKU,Category,Qty,Price,Customer\n"
KEYS = {"baskets", "items", "itemsets", "itemsets_by_size", "rules", "rules_total"}
RULE_KEYS = {
    "antecedents", "consequents", "support", "confidence", "lift", "count", "holdout_lift", "q_value",
}  # fmt: skip


def rows() -> str:
    """100 orders in 2024: every fourth holds tea and a kettle, the others one thing or another."""
    lines = []
    for n in range(1, 101):
        items = ["TEA", "KETTLE"] if n % 4 == 0 else [f"X{n % 7}", f"Y{n % 5}"]
        day = f"2024-{1 + n // 28:02}-{1 + n % 28:02} 10:00"
        lines += [
            f"{n},{day},{item},{'Kitchen' if item in ('TEA', 'KETTLE') else 'Other'},1,2.50,C{n % 9}\n"
            for item in items
        ]
    return HEAD + "".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("baskets")
    (folder / "orders.csv").write_text(rows())
    assert json.loads(rapport(folder, "import", "orders", str(folder / "orders.csv"), "--json").stdout)["rejected"] == 0
    yield folder
    options.data_dir = None


def rapport(folder: Path, *arguments: str) -> Result:
    options.data_dir = folder / "data"
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    result = rapport(folder, "baskets", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_workspaces_orders_give_the_agreed_keys(folder: Path) -> None:
    data = as_json(folder)
    assert set(data) >= KEYS
    assert (data["baskets"], data["items"]) == (100, 14)
    assert sum(data["itemsets_by_size"].values()) == data["itemsets"]
    assert len(data["rules"]) == data["rules_total"]
    assert set(data["rules"][0]) >= RULE_KEYS
    tea = next(rule for rule in data["rules"] if rule["antecedents"] == ["TEA"])
    assert tea["consequents"] == ["KETTLE"]
    assert (tea["count"], tea["confidence"], tea["lift"], tea["holds"]) == (25, 1.0, 4.0, True)
    assert tea["holdout_lift"] == pytest.approx(30 / 8, rel=0.2)
    assert tea["q_value"] < 1e-4


def test_categories_days_and_thresholds_choose_what_is_mined(folder: Path) -> None:
    assert as_json(folder, "--level", "category")["items"] == 2
    assert as_json(folder, "--from", "2024-01-01", "--to", "2024-02-01")["baskets"] == 27
    assert as_json(folder, "--min-count", "26")["rules_total"] == 0
    assert as_json(folder, "--min-confidence", "1")["rules_total"] < as_json(folder)["rules_total"]


def test_a_csv_of_baskets_needs_no_workspace(tmp_path: Path) -> None:
    file = tmp_path / "baskets.csv"
    file.write_text('bread , butter\n\nbread,butter,"jam, red"\nmilk\n')
    data = as_json(tmp_path, "--input", str(file), "--min-support", "0.5", "--min-confidence", "0.5")
    assert (data["baskets"], data["items"], data["itemsets"]) == (3, 4, 3)
    assert {tuple(rule["antecedents"]) for rule in data["rules"]} == {("bread",), ("butter",)}
    assert not (tmp_path / "data").exists()


def test_a_dat_file_parts_items_by_blanks(tmp_path: Path) -> None:
    file = tmp_path / "baskets.dat"
    file.write_text("1 2 3 \n1 2 \n3\n")
    data = as_json(tmp_path, "--input", str(file), "--min-support", "0.6")
    assert data["itemsets_by_size"] == {"1": 3, "2": 1}


def test_in_words_it_names_what_was_counted(folder: Path) -> None:
    text = rapport(folder, "baskets").stdout
    assert text.startswith("100 baskets of 14 items, ")
    assert "TEA → KETTLE" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty.csv holds no basket."),
        (b"\n , \n", "empty.csv holds no basket."),
        (b"caf\xe9,tea\n", "empty.csv is not UTF-8 text; the first odd byte is 0xe9."),
        (b'"' + b"x" * 200_000 + b'"\n', "empty.csv, line 1: this is not CSV"),
    ],
)
def test_a_file_that_holds_no_baskets_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "empty.csv"
    file.write_bytes(content)
    with pytest.raises(ImportFailed) as refused:
        rapport(tmp_path, "baskets", "--input", str(file))
    assert words in str(refused.value)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match=r"none\.csv cannot be read: No such file"):
        rapport(tmp_path, "baskets", "--input", str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--min-support", "0"), "The support 0.0 is not above 0 and at most 1."),
        (("--min-confidence", "1.5"), "The confidence 1.5 is not between 0 and 1."),
        (("--min-count", "0"), "The least number of baskets, 0, is below 1."),
        (("--max-consequents", "9"), "9 consequents are not possible; choose between 1 and 5."),
        (("--holdout", "0.9"), "The hold-out 0.9 is not between 0 and 0.5."),
        (("--segment", "Champions"), "A segment needs a period"),
        (("--from", "2024-01-01"), "Give both --from and --to, or neither."),
        (("--input", "x.csv", "--channel", "web"), "choose orders, not lines of a file"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = rapport(tmp_path, "baskets", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_a_workspace_without_orders_has_no_baskets(tmp_path: Path) -> None:
    rapport(tmp_path, "init")
    with pytest.raises(CrmError, match="There is no basket"):
        rapport(tmp_path, "baskets")
