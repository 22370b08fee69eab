"""Every page, in both languages and themes, wide and on a phone: drawn whole, within the window, without an error."""

from __future__ import annotations

import pytest

from dashboard.page_specs import PAGES
from tests.browser.conftest import Opener
from tests.browser.screens import SCREENS, Look, faults, show, speak


def test_every_page_is_among_the_screens() -> None:
    addressed = {path.removeprefix("/").partition("?")[0] for path in SCREENS.values()}
    assert addressed == {page.name for page in PAGES}


OPPOSITES = (Look("light", "en", "wide"), Look("dark", "zh", "narrow"))


@pytest.mark.parametrize("look", OPPOSITES, ids=lambda look: look.name)
def test_every_page_is_drawn_whole_and_fits(open_page: Opener, look: Look) -> None:
    page = open_page(role="admin", **look.context)
    speak(page, look.language)
    found = {}
    for name, path in SCREENS.items():
        show(page, path)
        if wrong := faults(page):
            found[name] = wrong
    speak(page, "en")
    assert not found
