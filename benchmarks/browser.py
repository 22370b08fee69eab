"""The Overview in Chromium, from a changed filter to the drawn chart, beside a page that draws from constants."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.served import browser_page, free_port, process, served, signed_in_page
from benchmarks.table import Context, Line
from crm_core import charts, demo
from crm_core.access import SYSTEM
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.overview import OverviewParams, overview
from crm_core.analytics.periods import Grain, Period
from crm_core.config import Settings, zone
from crm_core.formats import Formats
from crm_core.translation import translator
from crm_core.workspace import Workspace
from dashboard.page_specs import PAGES
from dashboard.ui.overview import CARDS, CHARTED, trends

BAR = 1.5
ROUNDS = 9
GRAINS: tuple[Grain, ...] = ("week", "month")
APP = Path(__file__).parent / "constants_app.py"

SETTLED = """
(label) => new Promise((resolve, reject) => {
  const app = document.querySelector('[data-testid=stApp]');
  const buttons = [...document.querySelectorAll('[data-testid=stButtonGroup] button')];
  const button = buttons.find(b => b.innerText.trim() === label);
  if (!button) { reject(new Error('no choice named ' + label)); return; }
  const start = performance.now();
  let last = start, ran = false;
  const seen = new MutationObserver(() => { last = performance.now(); });
  const drawn = ['d', 'x', 'y', 'transform'];
  seen.observe(app, {subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: drawn});
  const state = () => app.getAttribute('data-test-script-state');
  const runs = new MutationObserver(() => { if (state() !== 'notRunning') ran = true; });
  runs.observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
  button.click();
  const wait = () => {
    const now = performance.now();
    if ((ran || last > start) && state() === 'notRunning' && now - last > 1000) {
      seen.disconnect();
      runs.disconnect();
      resolve((last - start) / 1000);
      return;
    }
    if (now - start > 30000) { seen.disconnect(); reject(new Error('the page did not settle')); return; }
    requestAnimationFrame(wait);
  };
  wait();
})
"""


def warm_change(page: Page) -> float:
    """Seconds from a click on a choice to the last change of the page; the median of several."""
    page.wait_for_selector("[data-testid=stPlotlyChart] svg", timeout=60_000)
    page.wait_for_timeout(2000)
    labels = ("Weeks", "Months")
    for label in labels:  # warm: both states were computed and drawn once
        page.evaluate(SETTLED, label)
        if page.locator("[data-testid=stException]").count():
            raise RuntimeError(f"the page shows an error for {label}: its time would mean nothing")
    return statistics.median(page.evaluate(SETTLED, labels[number % 2]) for number in range(ROUNDS))


def demo_workspace(context: Context) -> Workspace:
    """A demo of 3,000 customers, made where there is none yet."""
    settings = Settings(data_dir=context.folder / "demo", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    if not workspace.is_demo:
        demo.fill(workspace, customers=3000, seed=7)
        workspace = Workspace.open(settings)
    return workspace


def constants(workspace: Workspace) -> dict[str, Any]:
    """What the yardstick draws, taken from the two real reports."""
    today = datetime.now(zone(workspace.timezone)).date() + timedelta(days=1)
    period = Period(today.replace(year=today.year - 1), today)
    looks = {"_": translator("en"), "formats": Formats("en", workspace.currency, workspace.timezone)}
    states = {grain: _state(workspace, OverviewParams(period, grain=grain), looks) for grain in GRAINS}
    sections: dict[str, list[str]] = {}
    for spec in PAGES:
        if not spec.is_hidden and spec.name != "overview":
            sections.setdefault(spec.section, []).append(spec.title)
    return {"states": states, "sections": sections}


def _state(workspace: Workspace, params: OverviewParams, looks: dict[str, Any]) -> dict[str, Any]:
    report = workspace.analyses.run(overview, params, actor=SYSTEM)
    net = report.kpis.metrics["net_sales"]
    series = charts.sales_over_time(report.series, report.compared_series, metric="net_sales", **looks)
    bridge = charts.revenue_bridge(report.bridge, start=net.previous, end=net.value, **looks)
    frames = (
        report.series[["start", "net_sales", "is_complete"]],
        report.bridge,
        report.drivers[["dimension", "value", "change"]],
    )
    shown = trends(report)
    cards = [
        {
            "label": METRICS[name].name,
            "value": str(report.kpis.metrics[name].value)[:8],
            "delta": f"{report.kpis.metrics[name].change or 0:+.1%}",
            "help": METRICS[name].formula,
            "chart_data": _trend(shown[name]) if name in shown else None,
            "chart_type": "area",
        }
        for name in CARDS
    ]
    return {
        "headline": f"Net sales were {net.value} in the period, {net.change:+.1%} against the one before.",
        "cards": cards,
        "charted": [METRICS[name].name for name in CHARTED],
        "figures": [json.loads(series.to_json()), json.loads(bridge.to_json())],
        "tables": [frame.astype(str).to_dict("list") for frame in frames],
        "method": [f"**{METRICS[name].name}**: {METRICS[name].formula}" for name in CARDS],
    }


def _trend(values: Iterable[Any]) -> list[float] | None:
    """A sparkline's points, as the cards draw them: what has no value is left out, one point is no line."""
    points = [float(value) for value in values if value is not None]
    return points if len(points) > 1 else None


def run(context: Context) -> list[Line]:
    """Both pages in the same browser on the same machine, one after the other."""
    workspace = demo_workspace(context)
    written = context.folder / "constants.json"
    written.write_text(json.dumps(constants(workspace)))
    with served(workspace) as (url, _pid), signed_in_page(workspace, url) as page:
        page.goto(f"{url}/overview")
        measured = warm_change(page)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)]
    with process(command, f"{address}/_stcore/health", CONSTANTS=str(written)), browser_page() as page:
        page.goto(address)
        yardstick = warm_change(page)
    workspace.close()
    return [Line("warm Overview, filter change to chart", measured, "same elements from constants", yardstick, BAR)]
