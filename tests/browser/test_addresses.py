"""What is on the screen is in the address: a reload, the way back and a copied link show it again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit

FOUND = re.compile(r"^\d+ customer")


def count(page: Page) -> str:
    settled(page)
    return page.get_by_text(FOUND).first.inner_text()


def test_a_list_is_the_same_after_a_reload_and_on_the_way_back(open_page: Opener) -> None:
    page = open_page(role="manager")
    visit(page, "/customers")
    everybody = count(page)
    search = page.get_by_role("searchbox").first
    search.fill("an")
    expect(page.get_by_text(everybody, exact=True)).to_be_hidden(timeout=PATIENCE)
    found = count(page)
    page.wait_for_timeout(2500)  # a choice just made is not taken back by an address that lags behind
    assert "q=an" in page.url

    page.reload()
    expect(page.get_by_text(found, exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("searchbox").first).to_have_value("an")

    page.goto("/customer?id=5&tab=orders")
    expect(page.get_by_role("tab", name="Orders")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    page.go_back()
    expect(page.get_by_text(found, exact=True)).to_be_visible(timeout=PATIENCE)


def test_the_tab_and_the_filter_of_a_customer_are_in_the_address(open_page: Opener) -> None:
    page = open_page(role="manager")
    visit(page, "/customer?id=5")
    settled(page)
    page.get_by_role("tab", name="Timeline").click()
    settled(page)
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="Orders").click()
    settled(page)
    expect(page).to_have_url(re.compile(r"tab=timeline.*show=orders|show=orders.*tab=timeline"), timeout=PATIENCE)
    link = page.url

    page.reload()
    selected = page.get_by_role("tab", name="Timeline")
    expect(selected).to_have_attribute("aria-selected", "true", timeout=PATIENCE)

    page.wait_for_timeout(2500)
    page.get_by_role("tab", name="Orders").click()
    expect(page).to_have_url(re.compile("tab=orders"), timeout=PATIENCE)
    settled(page)
    page.wait_for_timeout(2500)
    page.goto(link)
    expect(selected).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
