"""Every page on a phone, dark and in Chinese: drawn, within the window, without an error."""

from __future__ import annotations

import pytest

from dashboard.page_specs import PAGES
from tests.browser.conftest import Opener
from tests.browser.screens import SCREENS, Look, faults, show, speak


def test_every_page_is_among_the_screens() -> None:
    addressed = {path.removeprefix("/").partition("?")[0] for path in SCREENS.values()}
    assert addressed == {page.name for page in PAGES}


PHONE = Look("dark", "zh", "narrow")
"""What needs most care; `python -m tests.browser.screens` opens every page in all eight looks."""


@pytest.mark.timeout(900)  # some fifty pages
def test_every_page_is_drawn_and_fits_a_phone(open_page: Opener) -> None:
    page = open_page(role="admin", **PHONE.context)
    speak(page, PHONE.language)
    found = {}
    for name, path in SCREENS.items():
        show(page, path)
        if wrong := faults(page):
            found[name] = wrong
    speak(page, "en")
    assert not found
