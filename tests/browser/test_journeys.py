"""The daily paths through the app, as people take them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Opener

PATIENCE = 30_000


def settled(page: Page) -> None:
    """Wait until the script has run and the page shows what it drew."""
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=PATIENCE)


def visit(page: Page, path: str) -> None:
    """Open the page and wait until it can be used: widgets load one by one, the form's button is drawn last."""
    page.goto(path)
    settled(page)
    if path.startswith("/customer?"):
        expect(page.get_by_label("Name")).not_to_have_value("", timeout=PATIENCE)
        expect(page.get_by_role("button", name="Save changes")).to_be_visible(timeout=PATIENCE)
    elif path == "/new_customer":
        expect(page.get_by_role("button", name="Add customer")).to_be_visible(timeout=PATIENCE)


def card(page: Page, metric: str) -> Locator:
    return page.locator(f".st-key-kpi_{metric} [data-testid=stMetricValue]")


def test_two_people_who_change_the_same_field_choose_and_lose_nothing(open_page: Opener) -> None:
    manager, staff = open_page(role="manager"), open_page(role="staff")
    for page in (manager, staff):
        visit(page, "/customer?id=11")
        expect(page.get_by_label("City")).to_be_visible(timeout=PATIENCE)
    manager.get_by_label("City").fill("Managerville")
    expect(manager.get_by_text("1 unsaved change")).to_be_visible(timeout=PATIENCE)

    staff.get_by_label("City").fill("Staffville")
    staff.get_by_label("Region").fill("Staffshire")
    expect(staff.get_by_text("2 unsaved changes")).to_be_visible(timeout=PATIENCE)
    staff.get_by_role("button", name="Save changes").click()
    expect(staff.get_by_test_id("stToast")).to_contain_text("Saved.", timeout=PATIENCE)

    manager.get_by_role("button", name="Save changes").click()
    expect(manager.get_by_text("saved other values for the same fields")).to_be_visible(timeout=PATIENCE)
    for choice in ("Yours: Managerville", "Theirs: Staffville", "Before: "):
        expect(manager.get_by_role("radio", name=re.compile(re.escape(choice)))).to_be_visible()
    manager.get_by_role("button", name="Save these values").click()
    expect(manager.get_by_test_id("stToast")).to_contain_text("Saved.", timeout=PATIENCE)
    settled(manager)
    expect(manager.get_by_label("City")).to_have_value("Managerville", timeout=PATIENCE)
    expect(manager.get_by_label("Region")).to_have_value("Staffshire")


def test_a_draft_is_there_again_after_leaving_and_in_another_browser(open_page: Opener) -> None:
    page = open_page(role="support")
    visit(page, "/customer?id=12")
    page.get_by_label("Notes").fill("Call back on Monday")
    page.get_by_label("Postcode").fill("12345")
    expect(page.get_by_text("2 unsaved changes")).to_be_visible(timeout=PATIENCE)
    visit(page, "/customers")

    elsewhere = open_page(role="support")
    visit(elsewhere, "/customer?id=12")
    expect(elsewhere.get_by_text("You have unsaved changes from")).to_be_visible(timeout=PATIENCE)
    expect(elsewhere.get_by_label("Notes")).to_have_value("Call back on Monday")
    elsewhere.get_by_role("button", name="Discard").click()
    expect(elsewhere.get_by_label("Notes")).to_have_value("", timeout=PATIENCE)
    visit(elsewhere, "/customer?id=12")
    expect(elsewhere.get_by_label("Notes")).to_have_value("", timeout=PATIENCE)


def test_the_cursor_stays_where_one_types_when_the_notice_of_a_draft_goes(open_page: Opener) -> None:
    page = open_page(role="support")
    visit(page, "/customer?id=15")
    page.get_by_label("Postcode").fill("12345")
    expect(page.get_by_text("1 unsaved change")).to_be_visible(timeout=PATIENCE)

    again = open_page(role="support")
    visit(again, "/customer?id=15")
    notice = again.get_by_text("You have unsaved changes from")
    expect(notice).to_be_visible(timeout=PATIENCE)
    city = again.get_by_label("City")
    city.fill("Else")
    expect(notice).to_be_hidden(timeout=PATIENCE)
    again.keyboard.type("where")
    again.keyboard.press("Control+Enter")
    expect(again.get_by_test_id("stToast")).to_contain_text("Saved.", timeout=PATIENCE)
    visit(again, "/customer?id=15")
    expect(again.get_by_label("City")).to_have_value("Elsewhere", timeout=PATIENCE)
    expect(again.get_by_label("Postcode")).to_have_value("12345")


def test_a_change_is_undone_from_the_history(open_page: Opener) -> None:
    page = open_page(role="manager")
    visit(page, "/customer?id=13")
    city = page.get_by_label("City").input_value()
    page.get_by_label("City").fill("Elsewhere")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("stToast")).to_contain_text("Saved.", timeout=PATIENCE)
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_test_id("stTabs").get_by_text("Elsewhere", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_test_id("stToast").last).to_contain_text("The change was undone.", timeout=PATIENCE)
    page.get_by_role("tab", name="Details").click()
    expect(page.get_by_label("City")).to_have_value(city, timeout=PATIENCE)


def test_a_new_customer_warns_of_the_one_who_is_there_already(open_page: Opener) -> None:
    page = open_page(role="staff")
    visit(page, "/customer?id=14")
    name, email = page.get_by_label("Name").input_value(), page.get_by_label("E-mail").input_value()
    visit(page, "/new_customer")
    page.get_by_label("Name").fill(name)
    if email:
        page.get_by_label("E-mail").fill(email)
    expect(page.get_by_text("looks like this one").or_(page.get_by_text("look like this one"))).to_be_visible(
        timeout=PATIENCE
    )
    expect(page.get_by_label("E-mail" if email else "Name")).to_be_focused()  # the warning takes no cursor away
    page.get_by_label("Name").fill("Zebulon Quixworthy")
    page.get_by_label("E-mail").fill("")
    expect(page.get_by_text("Likely duplicates show here")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("heading", name="Zebulon Quixworthy")).to_be_visible(timeout=PATIENCE)
    visit(page, "/new_customer")
    expect(page.get_by_label("Name")).to_have_value("")


def test_markup_in_a_name_is_shown_as_text(open_page: Opener) -> None:
    page = open_page(role="staff")
    visit(page, "/new_customer")
    name = '<img src=x onerror="document.title=1"> **bold** :red[x] [a](https://example.com)'
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x onerror=", timeout=PATIENCE)
    assert page.locator("h1 img, h1 a, h1 strong").count() == 0


def test_the_language_switches_everywhere_keeps_choices_and_is_remembered(open_page: Opener) -> None:
    page = open_page(role="marketing")
    visit(page, "/overview?period=90d&compare=year")
    page.get_by_role("radio", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN", timeout=PATIENCE)
    expect(page.get_by_role("heading", name="概览")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("compare=year"))
    expect(page).to_have_url(re.compile("period=90d"))
    again = open_page(role="marketing")
    visit(again, "/customers")
    expect(again.get_by_role("heading", name="客户")).to_be_visible(timeout=PATIENCE)
    again.get_by_role("radio", name="English").click()
    expect(again.get_by_role("heading", name="Customers")).to_be_visible(timeout=PATIENCE)


def test_a_number_opens_its_rows_and_their_file_holds_them_all(open_page: Opener) -> None:
    page = open_page(role="manager")
    visit(page, "/overview?period=90d")
    shown = card(page, "orders")
    expect(shown).to_be_visible(timeout=PATIENCE)
    orders = int(shown.inner_text().replace(",", ""))
    page.locator(".st-key-kpi_orders a").first.click()
    expect(page.get_by_role("heading", name="Orders")).to_be_visible(timeout=PATIENCE)
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == orders


def test_searching_finds_a_customer_as_one_types_and_opens_it(open_page: Opener) -> None:
    page = open_page(role="staff")
    visit(page, "/customer?id=15")
    name = page.get_by_label("Name").input_value()
    visit(page, "/customers")
    page.get_by_role("searchbox", name="Search").press_sequentially(name[:-1], delay=30)
    expect(page.get_by_text(re.compile(r"^\d+ customers?$"))).to_be_visible(timeout=PATIENCE)
    settled(page)
    table = page.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    assert box is not None
    table.click(position={"x": 30, "y": 52})  # the name; staff have no box before it
    expect(page.get_by_role("tab", name="Details")).to_be_visible(timeout=PATIENCE)


def test_a_refused_field_says_why_and_gets_the_cursor_so_that_typing_mends_it(open_page: Opener) -> None:
    page = open_page(role="staff")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    visit(page, "/customer?id=16")
    page.get_by_label("Notes").fill("Met at the fair")
    page.get_by_label("E-mail").fill("no address")
    expect(page.get_by_text("2 unsaved changes")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("'no address' is not an e-mail address")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("E-mail")).to_be_focused(timeout=PATIENCE)
    expect(page.get_by_label("E-mail")).to_be_in_viewport()
    assert [text for text in complaints if "Content Security Policy" in text] == []
    page.keyboard.press("Control+A")
    page.keyboard.type("mended@example.com")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("stToast")).to_contain_text("Saved.", timeout=PATIENCE)


def test_an_admin_adds_a_colleague_who_sets_a_password_and_finds_only_their_pages(open_page: Opener) -> None:
    admin = open_page(role="admin")
    visit(admin, "/users")
    admin.get_by_role("button", name="Add an account").click()
    admin.get_by_label("Name").fill("Noor Haddad")
    admin.get_by_label("E-mail").fill("noor@example.com")
    admin.get_by_role("button", name="Add and make a link").click()
    expect(admin.get_by_text("Send this link to Noor Haddad.")).to_be_visible(timeout=PATIENCE)
    link = admin.get_by_test_id("stCode").inner_text().strip()

    colleague = open_page(link)
    colleague.get_by_label("Password").fill("seven calm grey herons")
    colleague.keyboard.press("Enter")
    expect(colleague.get_by_role("heading", name="Tickets")).to_be_visible(timeout=PATIENCE)
    visit(colleague, "/users")
    expect(colleague.get_by_text("This page is not part of your role")).to_be_visible(timeout=PATIENCE)
    expect(colleague.get_by_text("manager@demo.rapport.example")).to_have_count(0)
