"""Support's daily path: take the ticket due next, answer it, resolve it; and a resolution taken back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.test_journeys import PATIENCE, settled, visit


def test_support_takes_answers_and_resolves_the_ticket_due_next(open_page: Opener) -> None:
    page = open_page(role="support")
    visit(page, "/ticket?id=new")
    page.get_by_label("Subject").fill("The kettle whistles out of tune")
    expect(page.get_by_text("1 unsaved change, kept as a draft")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Add ticket").click()
    expect(page.get_by_role("heading", name="The kettle whistles out of tune")).to_be_visible(timeout=PATIENCE)

    expect(page.get_by_text("Added.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="To the queue").click()
    expect(page.get_by_role("heading", name="Tickets")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Added.")).to_have_count(0, timeout=PATIENCE)  # said where it was done, and nowhere else

    visit(page, "/tickets?q=kettle")
    table = page.locator("[data-testid=stDataFrame]").first
    expect(table).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"^1 ticket"))).to_be_visible(timeout=PATIENCE)
    settled(page)
    table.click(position={"x": 100, "y": 52})  # right of the ticks, in the first row
    expect(page.get_by_role("heading", name="The kettle whistles out of tune")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("button", name="Take", exact=True).click()
    expect(page.get_by_text("The ticket is yours.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("First reply: .* left"))).to_be_visible(timeout=PATIENCE)
    settled(page)
    answer = page.get_by_role("textbox", name="Reply to the customer")
    answer.fill("We send you another one today.")
    answer.blur()
    expect(page.get_by_text("1 unsaved change, kept as a draft")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_text("The reply was added.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("First reply:")).to_have_count(0, timeout=PATIENCE)

    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("The ticket is resolved.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The change was undone.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("The ticket is resolved.")).to_be_visible(timeout=PATIENCE)
    visit(page, "/tickets?q=kettle")
    expect(page.get_by_text("Nothing found")).to_be_visible(timeout=PATIENCE)
