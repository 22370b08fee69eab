"""Every page and view of the app, opened one after the other; run as a program, it takes their pictures.

    python -m tests.browser.screens http://127.0.0.1:8501 pictures [name ...]

signs in to a running demo as its administrator and writes one PNG a page for each theme, language and width: the
whole page, not only what the window holds.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

TODAY = datetime.now(UTC).date()
YEAR = f"from={TODAY - timedelta(days=365)}&to={TODAY}"

SCREENS = {
    "overview": "/overview",
    "areas": "/areas",
    "rows": f"/rows?metric=net_sales&{YEAR}",
    "service": "/service",
    "service_tickets": f"/service_tickets?metric=opened&{YEAR}",
    "pipeline": "/pipeline",
    "deals_behind": f"/deals_behind?metric=won_deals&{YEAR}",
    "customers": "/customers",
    "customer": "/customer?id=12",
    "new_customer": "/new_customer",
    "orders": "/orders",
    "order": "/order?id=1",
    "contacts": "/contacts",
    "contact": "/contact?id=1",
    "products": "/products",
    "product": "/product?id=1",
    "targets": "/targets",
    "alerts": "/alerts",
    "tickets": "/tickets",
    "ticket": "/ticket?id=1",
    "deals": "/deals",
    "deals_list": "/deals?as=list",
    "deal": "/deal?id=1",
    "needs": "/needs",
    "needs_ranking": "/needs?as=ranking",
    "need": "/need?id=1",
    "tasks": "/tasks",
    "task": "/task?id=1",
    "activities": "/activities",
    "activity": "/activity?id=1",
    "segments": "/segments",
    "segments_moves": "/segments?view=moves",
    "segments_clusters": "/segments?view=clusters",
    "baskets": "/baskets",
    "baskets_around": "/baskets?view=around",
    "baskets_instead": "/baskets?view=instead",
    "baskets_next": "/baskets?view=next",
    "cohorts": "/cohorts",
    "cohorts_value": "/cohorts?view=value",
    "cohorts_gaps": "/cohorts?view=gaps",
    "cohorts_lifecycle": "/cohorts?view=lifecycle",
    "value": "/value",
    "churn": "/churn",
    "churn_contracts": "/churn?view=contracts",
    "saved_segments": "/saved_segments",
    "saved_segment": "/saved_segment?id=1",
    "segment_rule": "/segment_rule",
    "campaigns": "/campaigns",
    "campaign": "/campaign?id=1",
    "data": "/data",
    "settings": "/settings",
    "users": "/users",
    "account": "/account",
}
"""Name of the picture: address. Every page of `dashboard.page_specs` is among them."""

WIDTHS = {"wide": 1440, "narrow": 390}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
LANGUAGES = {"en": "English", "zh": "简体中文"}
SIGN_OUT = {"en": "Sign out", "zh": "退出登录"}
THEMES = ("light", "dark")

_PATIENCE = 120_000
_BUSY = "[data-testid=stSpinner], [data-testid=stProgress], [data-testid=stSkeleton]"


@dataclass(frozen=True)
class Look:
    """One way to look at the app."""

    theme: str
    language: str
    width: str

    @property
    def name(self) -> str:
        return f"{self.width}-{self.theme}-{self.language}"

    @property
    def context(self) -> dict[str, Any]:
        """Options of a browser context that shows the app so."""
        size = {"width": WIDTHS[self.width], "height": 900 if self.width == "wide" else 844}
        return {"color_scheme": self.theme, "locale": LOCALES[self.language], "viewport": size}


LOOKS = tuple(Look(*choices) for choices in product(THEMES, LOCALES, WIDTHS))


def show(page: Page, path: str) -> None:
    """Open the address and wait until everything on it is drawn."""
    page.goto(path)
    page.wait_for_selector("[data-testid=stMain] h1", timeout=_PATIENCE)
    for _attempt in range(400):
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=_PATIENCE)
        page.wait_for_timeout(400)
        if not page.locator(_BUSY).count() and page.locator("[data-test-script-state=notRunning]").count():
            break
    page.wait_for_timeout(300)


def speak(page: Page, language: str) -> None:
    """Switch the signed-in person's language, which is remembered, in the sidebar, which a phone folds away."""
    size = page.viewport_size
    page.set_viewport_size({"width": WIDTHS["wide"], "height": 900})
    page.get_by_role("radio", name=LANGUAGES[language]).click(timeout=_PATIENCE)
    page.wait_for_selector(f"[data-testid=stSidebar] :text-is('{SIGN_OUT[language]}')", timeout=_PATIENCE)
    if size is not None:
        page.set_viewport_size(size)


def faults(page: Page) -> list[str]:
    """What must not be on any page: an error's trace, or anything wider than the window."""
    found = [f"error: {text[:200]}" for text in page.locator("[data-testid=stException]").all_inner_texts()]
    width = page.viewport_size["width"] if page.viewport_size else 0
    overall = page.evaluate("document.documentElement.scrollWidth")
    if overall > width:
        found.append(f"the document is {overall} pixels wide in a window of {width}")
    main = page.get_by_test_id("stMain")
    if beyond := main.evaluate("element => element.scrollWidth - element.clientWidth"):
        found.append(f"the page is {beyond} pixels wider than its column")
    return found


def whole(page: Page, path: Path) -> None:
    """A picture of the whole page: Streamlit scrolls inside the window, so the window grows to hold it."""
    size = page.viewport_size
    assert size is not None
    height = page.get_by_test_id("stMain").evaluate("element => element.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(max(height, size["height"]), 6000)})
    page.wait_for_timeout(500)
    page.screenshot(path=path)
    page.set_viewport_size(size)


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def main(address: str, folder: str, *names: str) -> int:
    """Take the pictures; the number of pages with a fault."""
    wanted = {name: path for name, path in SCREENS.items() if not names or name in names}
    Path(folder).mkdir(parents=True, exist_ok=True)
    faulty = 0
    with _chromium() as browser:
        for look in LOOKS:
            context = browser.new_context(base_url=address, **look.context)
            page = context.new_page()
            page.goto("/sign-in")
            page.locator('button[value="admin@demo.rapport.example"]').click()
            page.wait_for_selector("[data-testid=stApp]", timeout=_PATIENCE)
            speak(page, look.language)
            for name, path in wanted.items():
                show(page, path)
                found = faults(page)
                faulty += bool(found)
                whole(page, Path(folder) / f"{name}-{look.name}.png")
                sys.stdout.write("\t".join((name, look.name, *found)) + "\n")
            speak(page, "en")
            context.close()
    return faulty


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
