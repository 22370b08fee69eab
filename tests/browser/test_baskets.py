"""From what else a product's buyers buy to a segment of those who lack it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit
from tests.browser.test_marketing import LONG, choose_first_row


def test_buyers_who_lack_what_others_buy_with_it_are_kept_as_a_segment(open_page: Opener) -> None:
    page = open_page(role="marketing", viewport={"width": 1440, "height": 1600})
    visit(page, "/baskets?period=all&level=category")
    expect(page.get_by_text(re.compile(r"rules hold|Nothing is bought"))).not_to_have_count(0, timeout=LONG)
    settled(page)
    items = page.get_by_role("combobox", name=re.compile("Items"))
    option = page.get_by_role("option", name="Products")
    items.click()
    page.wait_for_timeout(1000)
    if not option.is_visible():  # a redraw closes an open list
        items.press("ArrowDown")
    option.click()
    expect(items).to_have_value("Products", timeout=PATIENCE)
    expect(page).not_to_have_url(re.compile("level=category"), timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"\d+ of \d+ rules hold"))).to_be_visible(timeout=LONG)

    page.get_by_role("radio", name="Around a product").click()
    expect(page.get_by_text(re.compile("times as many as by chance"))).to_be_visible(timeout=LONG)
    settled(page)
    choose_first_row(page, "companions")
    title = page.get_by_role("heading", name=re.compile("^Bought .+, never "))
    expect(title).to_be_visible(timeout=LONG)
    words = title.inner_text()
    listed = page.locator("[data-testid=stCaptionContainer]").filter(has_text=re.compile(r"^[\d,]+ customers?$"))
    count = listed.inner_text()

    page.get_by_role("button", name="Save as segment").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value(words, timeout=PATIENCE)
    name.fill("Lack the other")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_role("heading", name="Lack the other")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("By model, live")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("Who belongs: bought .+ never bought "))).to_be_visible(timeout=LONG)
    expect(page.get_by_text(count).first).to_be_visible(timeout=LONG)
