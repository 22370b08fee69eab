"""No text reaches a reader unmarked; and the checker that says so finds what it should and nothing else."""

from __future__ import annotations

from textwrap import dedent

import pytest

from crm_core.analytics.metrics import METRICS
from crm_core.charts.bridge import BRIDGE_PARTS
from crm_core.charts.clusters import FEATURES
from dashboard.page_specs import PAGES
from tests.core.test_translation import ROOT, messages

marked_strings = messages.sys.modules["marked_strings"]
ERRORS = {"CrmError", "ImportFailed", "FieldError", "Invalid", "Conflict"}


def loose(source: str, *, is_screen: bool = True) -> list[str]:
    found = marked_strings.unmarked(dedent(source), "page.py", ERRORS, is_screen=is_screen)
    return [f"{problem.line}: {problem.what}" for problem in found]


def found(source: str) -> list[tuple[str, str | None]]:
    return [(text.one, text.many) for text in marked_strings.texts(dedent(source), "page.py", ERRORS)]


def test_every_text_people_read_is_marked():
    problems = messages.unmarked_texts(ROOT)
    assert not problems, "\n".join(map(str, problems))


def test_the_real_code_has_texts_and_errors_to_find():
    texts = messages.extracted(ROOT)
    assert {"Net sales", "The role {role} may not do this ({permission})."} <= {text.one for text in texts}
    assert any(text.many for text in texts)


def test_what_is_named_in_one_place_and_shown_in_another_is_marked_where_it_is_named():
    texts = {text.one for text in messages.extracted(ROOT)}
    for metric in METRICS.values():
        assert {metric.name, metric.formula, metric.placed_by, metric.excluded} <= texts
    for page in PAGES:
        assert {page.section, page.title, page.summary} <= texts
    assert {*BRIDGE_PARTS.values(), *(label for label, _unit in FEATURES.values())} <= texts


@pytest.mark.parametrize(
    "source",
    [
        'st.title("Overview")',
        'st.markdown("now")',
        'st.button("go", key="go")',
        'left.metric("Net sales", value)',
        'st.text_input(_("Name"), placeholder="like Ada")',
        'st.number_input(_("Name"), help="Explain")',
        'st.dataframe(rows, alt="rows")',
        'ui.chart(figure, key="c", alt="Sales")',
        'page.headline(f"{n} rows")',
        'st.caption(f"Data as of {time}")',
        'st.error("Broken" if bad else "Fine")',
        'st.info("Hello " + name)',
        'st.tabs(["One", _("Two")])',
        'st.write(value, "rows")',
        'st.segmented_control(_("Show"), options={"a": "All", "b": _("Some")})',
        'page.choice("by", _("By"), options={"a": "All"})',
        'st.toast("{n} rows".format(n=3))',
        'st.caption(", ".join(names) or "nothing")',
        'st.column_config.NumberColumn("Sales", format="%d")',
        'st.Page("x.py", title="Data")',
        'LABEL = "Choose a file above"',
        'frame.rename(columns={"a": "First name"})',
        'html = "<p>Sign in to go on</p>"',
        'st.html("<b>Sales</b>")',
        'st.expander(label="more")',
    ],
)
def test_an_unmarked_text_on_the_screen_is_reported(source: str):
    assert loose(source), source


@pytest.mark.parametrize(
    "source",
    [
        'st.title(_("Overview"))',
        'st.title(_("Overview of {n}", n=n))',
        'st.button(_("Go"), key="go_there", icon=":material/home:", type="primary", width="stretch")',
        'st.markdown(f"**{a}**: {b}")',
        'st.markdown("---")',
        'st.caption(f":material/info: {text}")',
        'st.markdown(f":red[{text}] · {n:.1f} %")',
        'TITLE = N_("Net sales of all")',
        'st.page_link("pages/customers.py", label=_("Open"))',
        'st.Page("x.py", title=_("Data"), url_path="data")',
        'raise ValueError("Programming error, not for readers")',
        '"""A module docstring of several words."""',
        'def f():\n    """Some Words here."""\n    return 1',
        'log.warning("Something odd happened to %s", name)',
        'assert ready, "Not ready yet"',
        'st.query_params["Some Thing here"] = 1',
        'if kind == "Some Thing":\n    pass',
        'workspace.write(actor, "form")',
        'st.caption("Rapport CRM")  # not translated: the product\'s name',
        '# not translated: the product\'s name\nst.caption("Rapport CRM")',
        'st.column_config.DateColumn(_("Day"), format="MMM D, YYYY")',
        'st.html(f\'<a href="/sign-out" class="big">{_("Sign out")}</a>\')',
        'ngettext("{n} row", "{n} rows", n)',
        'st.error(error_text(error), icon=":material/error:")',
    ],
)
def test_what_nobody_reads_or_is_marked_is_left_alone(source: str):
    assert loose(source) == []


@pytest.mark.parametrize(
    "source",
    [
        'raise ImportFailed(f"Row {n} is bad")',
        'raise ImportFailed("Row %d" % n)',
        'raise ImportFailed("Row " + str(n))',
        'raise ImportFailed("Row {}".format(n))',
        "raise ImportFailed(str(error))",
        'gone = "a"\ngone = "b"\nraise ImportFailed(gone)',
        "FieldError(reason)",
        "N_(title)",
        '_(f"Row {n}")',
        '_("a" + b)',
        'ngettext(f"{n} row", "{n} rows", n)',
    ],
)
def test_a_text_nobody_could_find_is_reported_outside_the_screen_too(source: str):
    assert loose(source, is_screen=False), source


@pytest.mark.parametrize(
    "source",
    [
        'raise ImportFailed("Row {n} is bad", n=n)',
        "raise ImportFailed(problem.template, **problem.params)",
        'GONE = "It is gone."\nraise ImportFailed(GONE)',
        'GONE = N_("It is gone.")\nraise ImportFailed(GONE)',
        'def f():\n    gone = "It is gone."\n    raise ImportFailed(gone)',
        'raise ImportFailed(answer["template"], **answer["params"])',
        "raise ImportFailed(words)  # marked: in the table above",
        'raise Invalid({"name": FieldError("A name is needed")})',
        "raise Conflict(fields, current_version=3)",
        "_(metric.name)",
        "_(NAMES[key])",
        "_(NAMES.get(key, key))",
        'x = "Some text of a record"',
    ],
)
def test_texts_that_can_be_found_are_fine(source: str):
    assert loose(source, is_screen=False) == []


def test_texts_are_found_wherever_they_are_marked():
    assert found('_("a")\nN_("b")\n_("c" if x else "d")\n_("e "\n  "f")\n_.ngettext("{n} g", "{n} h", n)') == [
        ("a", None), ("b", None), ("c", None), ("d", None), ("e f", None), ("{n} g", "{n} h"),
    ]  # fmt: skip


def test_templates_of_errors_are_texts():
    source = """
        GONE = "It is gone."
        class Odd(CrmError):
            def __init__(self, fields):
                super().__init__("Odd: {fields}", fields=fields)
        raise ImportFailed("Row {n}", n=1)
        raise errors.ImportFailed(GONE)
        Invalid({"name": FieldError("Needed")})
        """
    errors = ERRORS | {"Odd"}
    texts = {text.one for text in marked_strings.texts(dedent(source), "a.py", errors)}
    assert texts == {"Odd: {fields}", "Row {n}", "It is gone.", "Needed"}


def test_error_classes_are_followed_through_files():
    sources = {
        "a.py": "class CrmError(Exception): ...\nclass A(CrmError): ...",
        "b.py": "class B(a.A): ...\nclass C(Other): ...",
    }
    assert marked_strings.error_classes(sources) == {"CrmError", "A", "B", "FieldError"}
