"""The Contracts view of the Churn page: from a file to its curve and verdict, and errors in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.core.test_contract_file import contracts_of
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def uploaded(open_app: Open, text: str, *, language: str = "en") -> AppTest:
    """The view with a file put in."""
    app = open_app("churn", view="contracts", language=language)
    app.file_uploader(key="contracts.file").set_value(("contracts.csv", text.encode(), "text/csv"))
    return app.run()


def test_without_a_file_the_view_says_what_one_holds(open_app: Open) -> None:
    app = open_app("churn", view="contracts")
    assert not app.exception
    assert "Each row has a first and a last day" in texts(app)
    assert "Kaplan and Meier" in texts(app)
    assert len(app.file_uploader) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Of 900 contracts, 429 have ended. Half of all contracts last longer than 286 days.", "clearly beats")),
        ("zh_CN", ("900 份合同中，429 份已结束。半数合同的持续时间超过 286 天。", "明显优于")),
    ],
)
def test_a_file_of_dates_gives_the_curve_the_model_and_its_baselines(
    open_app: Open, language: str, words: tuple[str, str]
) -> None:
    app = uploaded(open_app, contracts_of(900, is_told=True), language=language)
    assert not app.exception
    assert not app.error
    assert all(part in texts(app).replace("\\", "") for part in words)
    tables = [table.value for table in app.dataframe]
    (weights,) = (words for words in texts(app).split("\n| ") if words.startswith("plan | loose | "))
    assert weights.startswith("plan | loose | \\+")
    verdict = tables[-1]
    assert len(verdict) == 2
    assert verdict.iloc[:, 1].str.contains(" – ").all()


def test_a_model_that_beats_nothing_is_refused_and_gives_no_reasons(open_app: Open) -> None:
    app = uploaded(open_app, contracts_of(900, is_told=False))
    assert not app.exception
    assert "The model predicts no better than how long the contract has lasted alone." in texts(app)
    assert "Log-odds" not in texts(app)


def test_durations_and_answers_are_found_by_their_columns_names(open_app: Open) -> None:
    text = "customerID,tenure,Plan,Churn\n" + "".join(
        f"N-{n},{n % 40},{'ab'[n % 2]},{'Yes' if n % 3 == 0 else 'No'}\n" for n in range(300)
    )
    app = uploaded(open_app, text)
    assert not app.exception
    assert "Of 300 contracts, 100 have ended." in texts(app)
    assert "in the file’s unit" in texts(app)
    assert "Columns left out, because they are the same everywhere or have too many different values\\: customerID" in (
        texts(app)
    )


def test_a_bad_value_is_said_by_row_and_column(open_app: Open) -> None:
    app = uploaded(open_app, "start,end,plan\n2024-01-01,soon,a\n")
    assert not app.exception
    assert [error.value.replace("\\", "") for error in app.error] == [
        "contracts.csv, row 1, column 'end': 'soon' is not a date such as 2011-12-09 08:26; other forms need "
        "date_format in the mapping."
    ]


@pytest.mark.parametrize("text", ["", "\x00\x01\x02"])
def test_a_file_that_is_no_table_is_refused_in_words(open_app: Open, text: str) -> None:
    app = uploaded(open_app, text)
    assert not app.exception
    assert len(app.error) == 1


def test_columns_that_are_not_recognised_are_asked_for(open_app: Open) -> None:
    app = uploaded(open_app, "a,b\n1,yes\n2,no\n")
    assert not app.exception
    assert "Choose both columns." in texts(app)


@pytest.mark.realdata
def test_the_telco_file_gives_the_published_figures(open_app: Open) -> None:
    from tests.conftest import REAL_DATA

    source = Path(REAL_DATA) / "telco_churn" / "Telco-Customer-Churn.csv"
    if not source.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    app = uploaded(open_app, source.read_text())
    assert not app.exception
    words = "Of 7,043 contracts, 1,869 have ended. More than half last longer than they have been followed."
    assert words in texts(app)
