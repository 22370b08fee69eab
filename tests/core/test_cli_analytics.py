"""`rapport kpis`, `rfm` and `segments`: the keys of the contract, words for people, exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crm_core.access import SYSTEM
from crm_core.analytics import targets
from crm_core.analytics.definitions import AREAS
from crm_core.analytics.metrics import METRICS
from crm_core.cli import app
from crm_core.cli.output import opened, options
from crm_core.errors import AnalysisRefused
from tests.core.order_files import write

HEAD = "Order No,Order Date,SKU,Qty,Price,Customer\n"
ROWS = [f"{n},2024-02-{1 + n % 28:02} 10:00,A{n % 5},{1 + n % 3},{n}.125,C{n % 60}\n" for n in range(1, 121)]
RETURN = "900,2024-02-10 10:00,A1,-1,5,C1\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace in Berlin's time: 120 orders of 60 customers in February 2024, and one return."""
    folder = tmp_path_factory.mktemp("analytics")
    patch = pytest.MonkeyPatch()
    patch.setenv("RAPPORT_TIMEZONE", "Europe/Berlin")
    result = rapport(folder, "import", "orders", str(write(folder, HEAD + "".join(ROWS) + RETURN)), "--json")
    patch.undo()
    assert json.loads(result.stdout)["rejected"] == 0
    yield folder
    options.data_dir = None


def rapport(folder: Path, *arguments: str) -> Result:
    """Run the command line on the workspace in the folder."""
    options.data_dir = folder / "data"
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    result = rapport(folder, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_kpis_prints_every_metric_with_money_as_decimal_strings(folder: Path) -> None:
    data = as_json(folder, "kpis", "--from", "2024-02-01", "--to", "2024-03-01")
    assert (data["from"], data["to"], data["timezone"]) == ("2024-02-01", "2024-03-01", "Europe/Berlin")
    assert data["compared"] == {"from": "2024-01-03", "to": "2024-02-01"}
    assert set(data["metrics"]) == {*METRICS, "lifecycle"}
    assert all(set(cells) == {"value", "previous", "change", "n"} for cells in data["metrics"].values())
    assert data["metrics"]["refunds"] == {"value": "5.0000", "previous": None, "change": None, "n": 1}
    assert data["metrics"]["orders"]["value"] == 120
    lifecycle = {"new": 60, "returning": 0, "resurrected": 0, "dormant": 0}
    assert (data["metrics"]["lifecycle"]["value"], data["metrics"]["lifecycle"]["n"]) == (lifecycle, 60)
    assert set(data["bridge"]) == {"new", "resurrected", "expansion", "contraction", "dormant", "guests"}


def test_kpis_without_comparison_has_no_previous_and_no_bridge(folder: Path) -> None:
    data = as_json(folder, "kpis", "--from", "2024-02-01", "--to", "2024-03-01", "--compare", "none")
    assert (data["compared"], data["bridge"]) == (None, {})
    assert {cells["previous"] for name, cells in data["metrics"].items() if name != "lifecycle"} == {None}


def test_kpis_in_words_names_period_zone_and_currency(folder: Path) -> None:
    text = rapport(folder, "kpis", "--from", "2024-02-01", "--to", "2024-03-01").stdout
    assert text.startswith("2024-02-01 up to 2024-03-01 (Europe/Berlin), compared with 2024-01-03 to 2024-02-01; ")
    assert "This period is not over, or not all of it is recorded." in text
    assert "Refunds" in text
    assert "no data" in text


def test_kpis_of_any_area_are_those_of_the_registry(folder: Path) -> None:
    dates = ("--from", "2024-02-01", "--to", "2024-03-01")
    data = as_json(folder, "kpis", *dates, "--area", "pipeline", "--area", "service")
    assert data["areas"] == {name: list(AREAS[name].metrics) for name in ("service", "pipeline")}
    assert list(data["metrics"]) == [*AREAS["service"].metrics, *AREAS["pipeline"].metrics]
    assert "bridge" not in data
    assert rapport(folder, "kpis", *dates, "--area", "marketing").exit_code == 2


def test_kpis_of_a_calendar_period_name_their_targets(folder: Path) -> None:
    with opened() as workspace, workspace.write(SYSTEM, "form") as session:
        targets.create(session=session, actor=SYSTEM, metric="orders", grain="month", value=150)
    dates = ("--from", "2024-02-01", "--to", "2024-03-01")
    data = as_json(folder, "kpis", *dates)
    elapsed = 28 / 29  # the newest order is of the 28th
    assert data["targets"] == {
        "orders": {"target": "150.0000", "share": pytest.approx(0.8), "elapsed": elapsed, "status": "behind"}
    }
    assert "target 150: behind" in rapport(folder, "kpis", *dates).stdout
    assert as_json(folder, "kpis", "--from", "2024-02-01", "--to", "2024-02-29")["targets"] == {}


def test_filters_of_orders_are_refused_beside_tickets_and_deals(folder: Path) -> None:
    dates = ("--from", "2024-02-01", "--to", "2024-03-01")
    refused = rapport(folder, "kpis", *dates, "--area", "sales", "--area", "service", "--country", "DE")
    assert refused.exit_code == 2
    assert "--country and --channel narrow orders" in " ".join(refused.stderr.split())


def test_rfm_prints_the_agreed_keys(folder: Path) -> None:
    data = as_json(folder, "rfm", "--as-of", "2024-03-01")
    assert data["customers"] == 60
    assert set(data["segments"][0]) == {"name", "customers", "share", "sales"}
    assert sum(segment["customers"] for segment in data["segments"]) == 60


def test_the_day_of_the_newest_order_is_the_default(folder: Path) -> None:
    assert as_json(folder, "rfm")["as_of"] == "2024-02-28"


def test_segments_prints_the_agreed_keys(folder: Path) -> None:
    data = as_json(folder, "segments", "--k", "2", "--as-of", "2024-03-01")
    assert {"k", "verdict", "silhouette", "stability", "segments"} <= set(data)
    assert set(data["stability"]) == {"ari_mean", "ari_p10"}
    assert data["k"] == len(data["segments"]) == 2
    assert {"name", "customers", "centre"} <= set(data["segments"][0])
    assert sum(segment["customers"] for segment in data["segments"]) == data["n"] == 60


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kpis", "--from", "2024-02-01", "--to", "2024-02-01"), "holds no day"),
        (("kpis", "--from", "2024-02-02", "--to", "2024-02-01"), "the end must come after the start"),
        (("kpis", "--from", "yesterday", "--to", "2024-02-01"), "'yesterday' is not a date"),
        (("kpis", "--from", "1066-10-14", "--to", "2024-02-01"), "outside the years 1900 to 2199"),
        (("rfm", "--as-of", "01/02/2024"), "'01/02/2024' is not a date"),
        (("segments", "--k", "many"), "--k is 'auto' or a whole number, not 'many'."),
        (("segments", "--k", "99", "--as-of", "2024-03-01"), "99 clusters are not possible"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = rapport(folder, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_an_empty_workspace_has_no_data_and_nothing_to_cluster(tmp_path: Path) -> None:
    rapport(tmp_path, "init")
    data = as_json(tmp_path, "kpis", "--from", "2024-02-01", "--to", "2024-03-01")
    assert {cells["value"] for name, cells in data["metrics"].items() if name != "lifecycle"} == {None}
    assert as_json(tmp_path, "rfm")["customers"] == 0
    with pytest.raises(AnalysisRefused, match="Clusters need at least 50 customers"):
        rapport(tmp_path, "segments", "--as-of", "2024-03-01")


def test_cohorts_prints_the_agreed_keys_and_every_choice(folder: Path) -> None:
    data = as_json(folder, "cohorts", "--from", "2024-02-01", "--to", "2024-03-01")
    assert {"start", "size", "retained"} <= set(data["cohorts"][0])
    assert [(cohort["start"], cohort["size"], cohort["retained"]) for cohort in data["cohorts"]] == [
        ("2024-02-01", 60, [60])
    ]
    assert data["choices"] == {
        "period": "month", "entry": "first", "window": "calendar", "criterion": "on", "month": "calendar",
        "mean": "weighted",
    }  # fmt: skip
    assert data["cohorts"][0]["complete"] == [False]  # the newest order is of the 28th; February has 29 days
    assert data["means"] == []


def test_cohorts_by_week_list_customers_retained_from_the_window_of_the_entry_on(folder: Path) -> None:
    data = as_json(folder, "cohorts", "--from", "2024-01-29", "--to", "2024-03-04", "--period", "week")
    assert [cohort["start"] for cohort in data["cohorts"]] == [
        "2024-01-29", "2024-02-05", "2024-02-12", "2024-02-19", "2024-02-26",
    ]  # fmt: skip
    assert sum(cohort["size"] for cohort in data["cohorts"]) == 60
    assert all(cohort["retained"][0] == cohort["size"] for cohort in data["cohorts"])
    assert [len(cohort["retained"]) for cohort in data["cohorts"]] == [5, 4, 3, 2, 1]
    after = as_json(
        folder, "cohorts", "--from", "2024-01-29", "--to", "2024-03-04", "--period", "week",
        "--criterion", "on-or-after",
    )  # fmt: skip
    for on, later in zip(data["cohorts"], after["cohorts"], strict=True):
        assert later["retained"] == sorted(later["retained"], reverse=True)
        assert all(now <= ever for now, ever in zip(on["retained"], later["retained"], strict=True))


def test_cohorts_in_words_print_the_choices_and_mark_what_is_not_over(folder: Path) -> None:
    text = rapport(folder, "cohorts", "--from", "2024-02-01", "--to", "2024-03-01", "--month", "30-days").stdout
    assert "period month, entry first, window calendar, criterion on, month 30-days, mean weighted" in text
    assert "100.0%~" in text
    nobody = rapport(folder, "cohorts", "--from", "2020-02-01", "--to", "2020-03-01").stdout
    assert "No known customer entered in this period." in nobody
