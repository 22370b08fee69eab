"""A real server on a demo workspace and a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from crm_core.records.demo_accounts import DEMO_ACCOUNTS
from tests.serving import Server, rapport, serving

CUSTOMERS = 300
_HERE = Path(__file__).parent

Opener = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives one browser against one server, so it runs in one worker."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a small demo workspace; tests that change records do it on customers of their own."""
    folder = tmp_path_factory.mktemp("demo")
    filled = rapport(folder, "demo", "--customers", str(CUSTOMERS), "--seed", "7")
    assert filled.returncode == 0, filled.stderr
    with serving(folder, "--demo") as server:
        yield server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, else the one Playwright brought.

    Of the package and not of the session: while Playwright runs, nothing else in this process can run an event loop.
    """
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        executable = found or playwright.chromium.executable_path
        if not Path(executable).exists():
            pytest.skip("there is no Chromium; `make test` installs one")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, demo_server: Server) -> Iterator[Opener]:
    """Opens a page in a browser of its own: `open_page("/customers", role="staff")`; signed in where a role is given.

    Options are Playwright's for a new context, such as locale, color_scheme and viewport.
    """
    contexts: list[BrowserContext] = []

    def opened(path: str = "/", *, role: str | None = None, **options: object) -> Page:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        options.setdefault("locale", "en-GB")
        context = chromium.new_context(base_url=demo_server.address, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        if role is not None:
            account = next(account for account in DEMO_ACCOUNTS if account.role.value == role)
            page.get_by_role("button", name=account.name).click()
            expect(page.get_by_test_id("stAppViewContainer")).to_be_visible(timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()
