"""Every page of analyses in Chromium, from a changed choice to the drawn page, beside the same page sent again.

The yardstick's script sends what the real page's last run sent, message by message, and does nothing else: no widgets
to make, no words to find, no figures to draw. That is less than a page that draws the same elements from constants has
to do, which `benchmarks.browser` measures for the Overview; a page within the bar here is within it there.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import ROUNDS, SETTLED, demo_workspace
from benchmarks.served import browser_page, free_port, process, signed_in_page
from benchmarks.table import Context, Line
from crm_core.workspace import Workspace

BAR = 1.5
PAGES = {
    "overview": ("Weeks", "Months"),
    "segments": ("Bounds you set", "Rank among all customers"),
    "segments?view=moves": ("Bounds you set", "Rank among all customers"),
    "baskets": ("Bought instead", "Bought together"),
    "cohorts": ("Weeks", "Months"),
    "cohorts?view=lifecycle": ("Weeks", "Months"),
    "value": ("Middle value", "High value"),
    "churn": ("Chance to leave", "Value at risk"),
    "service": ("Weeks", "Months"),
    "pipeline": ("Source", "Owner"),
}
"""Address: the two choices that take turns; the second is the one the page opens with."""
REPLAY = Path(__file__).parent / "replay_app.py"


def run(context: Context) -> list[Line]:
    """Each page on the demo workspace, then what it sent."""
    workspace = demo_workspace(context)
    lines = [_line(workspace, context.folder / "pages", page, labels) for page, labels in PAGES.items()]
    workspace.close()
    return lines


def _line(workspace: Workspace, folder: Path, name: str, labels: tuple[str, str]) -> Line:
    shutil.rmtree(folder, ignore_errors=True)
    recorded = folder / "recorded"
    recorded.mkdir(parents=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "RAPPORT_DATABASE_URL": workspace.settings.resolved_database_url,
        "RAPPORT_DATA_DIR": str(workspace.settings.data_dir.resolve()),
        "RECORDED": str(recorded),
    }
    serve = [sys.executable, "-m", "benchmarks.recording_serve", "serve", "--port", str(port)]
    with process(serve, f"{url}/healthz", **settings), signed_in_page(workspace, url) as page:
        page.goto(f"{url}/{name}")
        measured = _warm(page, labels, name)
        *_earlier, first, second = sorted(recorded.iterdir())
        for number, sent in enumerate((second, first)):
            shutil.copy(sent, folder / str(number))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    replay = [sys.executable, "-m", "streamlit", "run", str(REPLAY), "--server.port", str(port)]
    with process(replay, f"{url}/_stcore/health", REPLAYED=str(folder)), browser_page() as page:
        page.goto(url)
        yardstick = _warm(page, labels, f"{name}, sent again")
    line = Line(f"warm page {name}, choice to drawn page", measured, "the same messages sent again", yardstick, BAR)
    print(f"  {name}: {measured:.3f} s, sent again {yardstick:.3f} s", file=sys.stderr, flush=True)
    return line


def _warm(page: Page, labels: tuple[str, str], name: str) -> float:
    """The median seconds from a choice to the page's last change, both states drawn before."""
    page.get_by_role("radio", name=labels[1], exact=True).first.wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    for label in (*labels, *labels):
        page.evaluate(SETTLED, label)
        if page.locator("[data-testid=stException]").count():
            raise RuntimeError(f"{name} shows an error for {label}: its time would mean nothing")
    seconds = [page.evaluate(SETTLED, labels[number % 2]) for number in range(ROUNDS - 1)]
    if not all(seconds):
        raise RuntimeError(f"{name}: a choice changed nothing on the page, so its time would mean nothing")
    return statistics.median(seconds)
