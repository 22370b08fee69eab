"""Signing in and out, as people do it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from crm_core.records.demo_accounts import DEMO_PASSWORD
from tests.browser.conftest import Opener
from tests.serving import Server


def fill(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def test_a_person_signs_in_lands_on_the_page_they_asked_for_and_signs_out(open_page: Opener) -> None:
    page = open_page("/customers")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=/customers$"))
    expect(page.get_by_label("E-mail address")).to_be_focused()
    fill(page, "manager@demo.rapport.example", "not the password")
    expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    expect(page.get_by_label("E-mail address")).to_have_value("manager@demo.rapport.example")
    expect(page.get_by_label("Password")).to_be_focused()
    fill(page, "manager@demo.rapport.example", DEMO_PASSWORD)
    expect(page).to_have_url(re.compile(r"/customers$"))
    expect(page.get_by_test_id("stAppViewContainer")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(re.compile(r"/sign-in$"))
    page.goto("/customers")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=/customers$"))


def test_signing_out_everywhere_sends_the_pages_of_other_browsers_to_sign_in(open_page: Opener) -> None:
    here, elsewhere = open_page(role="staff"), open_page(role="staff")
    here.goto("/sign-out")
    here.get_by_role("button", name="Sign out everywhere").click()
    expect(here).to_have_url(re.compile(r"/sign-in$"))
    expect(elsewhere).to_have_url(re.compile(r"/sign-in\?ended=1$"), timeout=10_000)
    expect(elsewhere.get_by_role("status")).to_have_text("Your session has ended. Sign in again.")


def test_the_app_loads_and_runs_nothing_its_security_policy_forbids(open_page: Opener, demo_server: Server) -> None:
    page = open_page("/sign-in")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    page.get_by_role("button", name="Ada Okafor").click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
    page.goto("/customers")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=60_000)
    assert [text for text in complaints if "Content Security Policy" in text] == []
    local = (demo_server.address, "data:", "blob:")
    assert [url for url in outside if not url.startswith(local)] == []


def test_the_sign_in_page_is_switched_to_chinese_and_back(open_page: Opener) -> None:
    page = open_page("/sign-in?next=/customers")
    page.get_by_role("link", name="简体中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.locator("input[name=next]").first).to_have_value("/customers")


def test_the_sign_in_page_fits_a_phone_in_both_themes(open_page: Opener) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        page = open_page("/sign-in", viewport={"width": 390, "height": 844}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for button in page.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44, "large enough for a finger"
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 2


def test_the_sign_in_page_works_without_scripts(open_page: Opener) -> None:
    page = open_page("/sign-in", java_script_enabled=False)
    fill(page, "staff@demo.rapport.example", "wrong")
    expect(page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
