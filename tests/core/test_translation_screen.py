"""The language on the screen: what texts, numbers and widgets say, and what the switch between languages keeps."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import session


@pytest.fixture(autouse=True)
def _a_workspace_in_pounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "workspace", lambda: SimpleNamespace(currency="GBP", timezone="Asia/Shanghai"))


def app() -> None:
    """A page with a translated choice, a fragment, and the switch."""
    from datetime import UTC, date, datetime
    from decimal import Decimal

    import streamlit as st

    from crm_core.errors import NotFound
    from dashboard.i18n import _, column_format, error_text, fmt, language, language_switch, ngettext

    names = {"day": "Days", "week": "Weeks", "month": "Months"}

    def save(code: str) -> None:
        st.session_state["saved"] = [*st.session_state.get("saved", []), code]
        st.session_state["grain"] = "week"

    with st.sidebar:
        language_switch(save)
    st.title(_("Overview"))
    st.session_state.setdefault("grain", "day")
    labels = {code: _(name) for code, name in names.items()}
    st.selectbox(_("Steps"), list(labels), format_func=labels.__getitem__, key="grain")
    st.caption(ngettext("{n} customer", "{n} customers", 1200))
    st.caption(fmt().money(Decimal("12345.6")))
    st.caption(fmt().instant(datetime(2026, 3, 5, 20, 5, tzinfo=UTC)))
    st.caption(fmt().date(date(2026, 3, 5)))
    st.caption(error_text(NotFound("There is no such account.")))
    st.caption(" | ".join(column_format(kind) for kind in ("money", "price", "count", "percent", "day", "instant")))

    @st.fragment
    def part() -> None:
        st.button(_("Try again"), key="again")
        st.text(f"{language()} {_('Overview')}")

    part()


def shown(at: AppTest) -> list[str]:
    assert not at.exception
    return [at.title[0].value, *(caption.value for caption in at.caption), at.text[0].value]


def start() -> AppTest:
    return AppTest.from_function(app, default_timeout=20).run()


def test_english_is_spoken_until_something_else_is_asked_for():
    assert shown(start()) == [
        "Overview",
        "1,200 customers",
        "£12,345.60",
        "Mar 6, 2026, 04:05",
        "Mar 5, 2026",
        "There is no such account.",
        "£%,.2f | £%,.4f | %,d | percent | MMM D, YYYY | MMM D, YYYY HH:mm",
        "en Overview",
    ]


def test_the_switch_turns_the_whole_page_to_chinese_and_saves_the_choice():
    at = start()
    at.get_by_key("language_switch").set_value("zh_CN").run()
    assert shown(at) == [
        "概览",
        "1,200 位客户",
        "£12,345.60",
        "2026年3月6日 04:05",
        "2026年3月5日",
        "该账号不存在。",
        "£%,.2f | £%,.4f | %,d | percent | YYYY年M月D日 | YYYY年M月D日 HH:mm",
        "zh_CN 概览",
    ]
    assert at.session_state["saved"] == ["zh_CN"]
    assert at.get_by_key("language_switch").value == "zh_CN"


def test_what_save_puts_into_a_widget_is_there_when_the_page_is_drawn_anew():
    at = start()
    at.get_by_key("grain").set_value("month").run()
    assert at.get_by_key("grain").value == "month"
    at.get_by_key("language_switch").set_value("zh_CN").run()
    assert (at.get_by_key("grain").value, at.get_by_key("grain").options) == ("week", ["按天", "按周", "按月"])


def test_switching_back_and_forth_saves_each_choice_once():
    at = start()
    for code in ("zh_CN", "en", "zh_CN"):
        at.get_by_key("language_switch").set_value(code).run()
    assert at.session_state["saved"] == ["zh_CN", "en", "zh_CN"]


def test_a_fragment_speaks_the_language_of_its_session():
    at = start()
    at.get_by_key("language_switch").set_value("zh_CN").run()
    at.button(key="again").click().run()
    assert at.text[0].value == "zh_CN 概览"


def test_the_language_set_for_a_session_wins_over_the_browsers():
    at = AppTest.from_function(app, default_timeout=20)
    at.session_state["language"] = "zh_CN"
    assert shown(at.run())[0] == "概览"


def test_a_language_nobody_speaks_leaves_it_to_the_browser():
    at = AppTest.from_function(app, default_timeout=20)
    at.session_state["language"] = "tlh"
    assert shown(at.run())[0] == "Overview"
