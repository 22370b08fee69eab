"""Contracts from a file: by dates or by duration, what becomes a property, and what is refused by row and column."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from crm_core.analytics.contract_report import contract_report
from crm_core.errors import ImportFailed, ImportRejected
from crm_core.imports import contract_file
from crm_core.imports.contract_file import ByDates, ByDuration, ContractColumns, read_contracts

TODAY = date(2024, 6, 30)
DATES = ByDates("start", "end")
LENGTH = ByDuration("tenure", "churn")


def written(folder: Path, text: str) -> Path:
    path = folder / "contracts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str, columns: ContractColumns = DATES) -> contract_file.Contracts:
    return read_contracts(written(folder, text), "contracts.csv", columns, today=TODAY)


def test_contracts_run_from_their_first_day_to_their_last_or_to_the_latest_day_of_the_file(tmp_path: Path) -> None:
    found = read(tmp_path, "start,end,plan\n2024-01-01,2024-01-31,a\n2024-01-01,,b\n2024-02-01,2024-03-01,a\n")
    assert found.until == date(2024, 3, 1)
    assert found.duration.tolist() == [30, 60, 29]
    assert found.ended.tolist() == [True, False, True]
    assert found.properties["plan"].tolist() == ["a", "b", "a"]


def test_an_end_still_to_come_is_a_contract_that_runs(tmp_path: Path) -> None:
    found = read(tmp_path, "start,end\n2024-01-01,2024-12-31\n2024-06-01,2024-06-11\n")
    assert found.until == date(2024, 6, 11)
    assert found.ended.tolist() == [False, True]
    assert found.duration.tolist() == [162, 10]


def test_durations_are_in_the_files_unit_and_answers_are_read_in_several_ways(tmp_path: Path) -> None:
    found = read(tmp_path, "tenure,churn\n1,Yes\n0,no\n2.5,1\n7,FALSE\n3,是\n", LENGTH)
    assert found.until is None
    assert found.duration.tolist() == [1, 0, 2.5, 7, 3]
    assert found.ended.tolist() == [True, False, True, False, True]


def test_properties_are_numbers_or_categories_and_keys_names_and_constants_are_left_out(tmp_path: Path) -> None:
    rows = "\n".join(f"{n},no,{1000 + n},N-{n},same,{n * 1.37:.2f},{'ab'[n % 2]},{n % 3 or ''}" for n in range(60))
    found = read(tmp_path, f"tenure,churn,key,name,one,price,plan,size\n{rows}\n", LENGTH)
    assert list(found.properties.columns) == ["price", "plan", "size"]
    assert found.left_out == ("key", "name", "one")
    assert found.properties["price"].dtype == np.float64
    assert np.isnan(found.properties["size"].iloc[0])


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("start,end\n", DATES, "contracts.csv holds no contract: there is no row below the header."),
        ("start,until\n2024-01-01,\n", DATES, "contracts.csv has no column end; its columns are: start, until."),
        (
            "start,end\n2024-01-01,\n",
            ByDates("start", "start"),
            "Choose two different columns; 'start' was chosen twice.",
        ),
        (
            "start,end\n2024-01-01,\nsoon,\n",
            DATES,
            "contracts.csv, row 2, column 'start': 'soon' is not a date such as 2011-12-09 08:26; other forms need "
            "date_format in the mapping.",
        ),
        (
            "start,end\n,2024-01-01\n",
            DATES,
            "contracts.csv, row 1, column 'start': The value is missing; start is needed in every row.",
        ),
        (
            "start,end\n2024-02-01,2024-01-01\n",
            DATES,
            "contracts.csv, row 1, column 'end': The contract ends on 2024-01-01, before it begins on 2024-02-01.",
        ),
        (
            "start,end\n2025-02-01,\n",
            DATES,
            "contracts.csv, row 1, column 'start': The contract begins on 2025-02-01, which is still to come.",
        ),
        (
            "tenure,churn\n5,no\n-1,no\n",
            LENGTH,
            "contracts.csv, row 2, column 'tenure': '-1' is below 0; a contract cannot last less than no time.",
        ),
        (
            "tenure,churn\n5,perhaps\n",
            LENGTH,
            "contracts.csv, row 1, column 'churn': 'perhaps' does not say whether the contract ended; expected yes or "
            "no.",
        ),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_refused_in_words(
    tmp_path: Path, text: str, columns: ContractColumns, words: str
) -> None:
    with pytest.raises((ImportFailed, ImportRejected)) as refused:
        read(tmp_path, text, columns)
    assert str(refused.value) == words


def test_too_many_contracts_are_refused_before_they_are_all_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract_file, "MOST_CONTRACTS", 3)
    with pytest.raises(ImportFailed, match=r"holds more than 3 contracts; a random sample of them will do\."):
        read(tmp_path, "tenure,churn\n" + "1,no\n" * 4, LENGTH)


def contracts_of(n: int, *, is_told: bool) -> str:
    """Contracts of two plans, of which one ends sooner where `is_told`, followed up to one day."""
    random = np.random.default_rng(3)
    end = date(2024, 6, 1)
    rows = ["start,end,plan"]
    for _n in range(n):
        is_loose = random.random() < 0.5
        start = end - timedelta(days=int(random.integers(1, 700)))
        last = start + timedelta(days=1 + int(random.exponential(150 if is_loose and is_told else 1500)))
        rows.append(f"{start},{last if last <= end else ''},{'loose' if is_loose else 'firm'}")
    return "\n".join(rows) + "\n"


def test_the_model_is_usable_where_a_property_tells_more_than_how_long_it_has_lasted(tmp_path: Path) -> None:
    report = contract_report(read(tmp_path, contracts_of(900, is_told=True)))
    assert report.reason is None
    assert report.model is not None
    assert report.model.baseline is not None
    assert report.model.quality["auc"].value > report.model.baseline["auc"].value
    assert report.model.weights["feature"].iloc[0] == "plan"
    assert report.curve is not None


def test_where_no_property_tells_anything_the_model_is_refused_and_the_baseline_named(tmp_path: Path) -> None:
    report = contract_report(read(tmp_path, contracts_of(900, is_told=False)))
    assert str(report.reason) == "The model predicts no better than how long the contract has lasted alone."
    assert report.model is not None
    assert report.curve is not None


@pytest.mark.parametrize(
    ("text", "reason", "has_curve"),
    [
        (
            "tenure,churn,plan\n" + "5,no,a\n7,no,b\n" * 50,
            "No contract has ended yet; how long contracts last is not known.",
            False,
        ),
        (
            "tenure,churn,plan\n" + "5,yes,a\n7,no,b\n" * 10,
            "A model of contracts needs at least 30 that ended and 30 that run; 10 ended and 10 run.",
            True,
        ),
        (
            "tenure,churn\n" + "5,yes\n7,no\n" * 50,
            "The contracts have no property that a model could learn from.",
            True,
        ),
    ],
)  # fmt: skip
def test_contracts_that_cannot_carry_a_model_say_why(tmp_path: Path, text: str, reason: str, has_curve: bool) -> None:
    report = contract_report(read(tmp_path, text, LENGTH))
    assert (str(report.reason), report.model) == (reason, None)
    assert (report.curve is not None) == has_curve
