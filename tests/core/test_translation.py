"""Texts in the reader's language: looked up, filled, counted; and the catalogue, which must be whole."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import Conflict, CrmError, FieldConflict, FieldError, ImportFailed, Invalid
from crm_core.translation import (
    LANGUAGES,
    N_,
    Translator,
    match_language,
    translate_error,
    translate_fields,
    translator,
)

ROOT = Path(__file__).resolve().parent.parent.parent


def load(name: str) -> ModuleType:
    path = ROOT / ".ci" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    spec.loader.exec_module(module)
    return module


messages = load("messages")
Text = messages.Text


def catalogue(body: str) -> Catalog:
    header = 'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
    return read_po(io.StringIO(header + "\n" + body), locale="zh_CN", abort_invalid=True)


def a_language_that_says(monkeypatch: pytest.MonkeyPatch, texts: dict[str, str]) -> Translator:
    import crm_core.translation as translation

    monkeypatch.setattr(translation, "_catalogue", lambda _language: translation._Catalogue(texts))
    return Translator("zh_CN")


def test_english_is_its_own_translation():
    assert translator("en")("Net sales") == "Net sales"


def test_an_unknown_language_falls_back_to_english():
    assert translator("tlh").language == "en"


def test_marking_a_text_leaves_it_as_it_is():
    assert N_("Net sales") == "Net sales"


def test_a_text_without_a_translation_is_shown_in_english():
    assert translator("zh_CN")("A text nobody ever wrote, {n}", n=3) == "A text nobody ever wrote, 3"


def test_the_chinese_catalogue_is_read_and_filled():
    assert translator("zh_CN")("{n} rows", n="1,234") == "1,234 行"


def test_a_fuzzy_or_empty_translation_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import crm_core.translation as translation

    (tmp_path / "locale").mkdir()
    body = '#, fuzzy\nmsgid "Open"\nmsgstr "关闭"\n\nmsgid "Save"\nmsgstr ""\n\nmsgid "Undo"\nmsgstr "撤销"\n'
    (tmp_path / "locale" / "zh_CN.po").write_text(body, encoding="utf-8")
    monkeypatch.setattr(translation, "files", lambda _package: tmp_path)
    texts = translation._catalogue.__wrapped__("zh_CN").texts
    assert texts == {"Undo": "撤销"}


def test_what_fills_a_text_is_never_taken_for_a_template():
    assert translator("en")("{name} was saved.", name="{0.__class__} {x}") == "{0.__class__} {x} was saved."


def test_braces_stay_in_a_text_that_takes_nothing():
    assert translator("en")("Write {name} here") == "Write {name} here"


def test_a_translation_with_a_wrong_blank_falls_back_to_english(monkeypatch: pytest.MonkeyPatch):
    _ = a_language_that_says(monkeypatch, {"{n} rows": "{m} 行"})
    assert _("{n} rows", n=3) == "3 rows"


def test_a_blank_the_code_forgot_is_an_error():
    with pytest.raises(KeyError):
        translator("en")("{n} rows", m=3)


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [
        ("en", 0, "0 customers"), ("en", 1, "1 customer"), ("en", 2, "2 customers"), ("en", 12345, "12,345 customers"),
        ("zh_CN", 0, "0 位客户"), ("zh_CN", 1, "1 位客户"), ("zh_CN", 12345, "12,345 位客户"),
    ],
)  # fmt: skip
def test_counted_texts_follow_the_languages_plural(language: str, n: int, said: str):
    assert translator(language).ngettext("{n} customer", "{n} customers", n) == said


def test_a_count_can_be_said_another_way():
    assert translator("en").ngettext("{n} customer", "{n} customers", 1200, n="1.2K") == "1.2K customers"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("zh-Hant-TW", "zh_CN"),
        ("ZH", "zh_CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr;q=0.9, zh;q=0.5, en;q=0.7", "en"),
        ("fr-FR, de;q=0.5", "en"),
        ("zh;q=0, en", "en"),
        ("zh;q=0", "en"),
        ("*", "en"),
        ("zh;q=nonsense, en;q=0.1", "en"),
    ],
)
def test_the_browsers_wish_decides_the_language(header: str, code: str):
    assert match_language(header) == code


@given(st.text())
def test_no_header_breaks_the_choice_of_language(header: str):
    assert match_language(header) in LANGUAGES


def test_an_errors_template_is_translated_and_filled(monkeypatch: pytest.MonkeyPatch):
    _ = a_language_that_says(monkeypatch, {"Column '{column}' is missing.": "缺少“{column}”列。"})
    assert translate_error(ImportFailed("Column '{column}' is missing.", column="数量"), _) == "缺少“数量”列。"


def test_an_error_within_an_error_is_translated_too(monkeypatch: pytest.MonkeyPatch):
    _ = a_language_that_says(
        monkeypatch, {"Row {row}: {why}": "第 {row} 行：{why}", "'{value}' is no date": "“{value}”不是日期"}
    )
    inner = FieldError("'{value}' is no date", {"value": "x"})
    assert translate_error(ImportFailed("Row {row}: {why}", row=7, why=inner), _) == "第 7 行：“x”不是日期"
    outer = ImportFailed("Row {row}: {why}", row=7, why=CrmError("'{value}' is no date", value="y"))
    assert translate_error(outer, _) == "第 7 行：“y”不是日期"


def test_each_field_says_what_is_wrong_in_the_readers_language(monkeypatch: pytest.MonkeyPatch):
    _ = a_language_that_says(
        monkeypatch, {"'{value}' is no date": "“{value}”不是日期", "A name is needed": "请填写名称"}
    )
    error = Invalid(
        {"born": FieldError("'{value}' is no date", {"value": "{x"}), "name": FieldError("A name is needed")}
    )
    assert translate_fields(error, _) == {"born": "“{x”不是日期", "name": "请填写名称"}
    assert translate_error(error, _) == "“{x”不是日期 请填写名称"
    assert str(error) == "born: '{x' is no date; name: A name is needed"


def test_a_conflict_has_a_template_that_can_be_translated():
    error = Conflict([FieldConflict("name", "a", "b", "c"), FieldConflict("city", 1, 2, 3)], current_version=2)
    assert str(error) == "Someone else changed the same fields meanwhile: name, city"
    assert error.template == "Someone else changed the same fields meanwhile: {fields}"


def test_every_text_is_translated_into_every_language():
    found = messages.extracted(ROOT)
    complaints = [
        f"{path.name}: {complaint}"
        for path in sorted((ROOT / "crm_core" / "locale").glob("*.po"))
        for complaint in messages.problems(messages.read(path), found)
    ]
    assert not complaints, "run `python .ci/messages.py --update` and translate:\n" + "\n".join(complaints)


def test_there_is_a_catalogue_for_every_language_but_english():
    assert {path.stem for path in (ROOT / "crm_core" / "locale").glob("*.po")} == set(LANGUAGES) - {"en"}


GOOD = 'msgid "Open {n}"\nmsgstr "打开 {n}"\n'


OPEN = Text("a.py", 1, "Open {n}")
ROWS = Text("a.py", 1, "{n} row", "{n} rows")
UNUSED = '#~ msgid "Open {n}"\n#~ msgstr "打开 {n}"\n'
COUNTED = 'msgid "{n} row"\nmsgid_plural "{n} rows"\nmsgstr[0] '


@pytest.mark.parametrize(
    ("body", "text", "complaint"),
    [
        ("", OPEN, "a.py: 'Open {n}' has no translation"),
        (UNUSED, OPEN, "has no translation (it is among the unused ones)"),
        ("#, fuzzy\n" + GOOD, OPEN, "is marked fuzzy"),
        ('msgid "Open {n}"\nmsgstr ""\n', OPEN, "is not translated"),
        ('msgid "Open {n}"\nmsgstr "  "\n', OPEN, "is not translated"),
        ('msgid "Open {n}"\nmsgstr "打开 {m}"\n', OPEN, "names ['m'], not ['n']"),
        ('msgid "Open {n}"\nmsgstr "打开"\n', OPEN, "names [], not ['n']"),
        ('msgid "{n.real}"\nmsgstr "{n.real}"\n', Text("a.py", 1, "{n.real}"), "'{n.real}' is not a plain name"),
        ('msgid "Yes, sir"\nmsgstr "是,好"\n', Text("a.py", 1, "Yes, sir"), "half-width punctuation in '是,'"),
        ('msgid "A CSV"\nmsgstr "一个CSV"\n', Text("a.py", 1, "A CSV"), "no blank between Han and Latin in '个C'"),
        (GOOD, Text("a.py", 1, "Open {n}", "Open all {n}"), "is once counted and once not"),
        (COUNTED + '""\n', ROWS, "is not translated"),
        (COUNTED.replace("rows", "lines") + '"{n} 行"\n', ROWS, "has another plural in the catalogue"),
    ],
)
def test_a_flaw_of_the_catalogue_is_reported(body: str, text: object, complaint: str):
    (found,) = messages.problems(catalogue(body), [text])
    assert complaint in found


def test_a_whole_catalogue_is_not_complained_about():
    counted = 'msgid "{n} row"\nmsgid_plural "{n} rows"\nmsgstr[0] "{n} 行"\n'
    found = [Text("a.py", 1, "Open {n}"), Text("b.py", 2, "{n} row", "{n} rows")]
    assert messages.problems(catalogue(GOOD + "\n" + counted), found) == []


def test_two_plurals_of_one_text_are_reported():
    found = [Text("a.py", 1, "{n} row", "{n} rows"), Text("b.py", 1, "{n} row", "{n} lines")]
    assert any("is given two plurals" in line for line in messages.problems(catalogue(""), found))


def test_updating_keeps_translations_adds_new_texts_empty_and_sorted_and_sets_unused_ones_aside():
    old = catalogue(GOOD + '\nmsgid "Gone"\nmsgstr "没了"\n')
    found = [Text("b.py", 9, "Zebra"), Text("a.py", 1, "Open {n}"), Text("c.py", 1, "{n} a", "{n} b")]
    text = messages.written(messages.updated(old, found), "Chinese")
    again = read_po(io.StringIO(text), locale="zh_CN", abort_invalid=True)
    assert [messages._key(message.id) for message in again if message.id] == ["Open {n}", "Zebra", "{n} a"]
    assert again.get("Open {n}").string == "打开 {n}"
    assert again.get("Zebra").string == ""
    assert list(again.obsolete) == ["Gone"]
    assert "#: b.py\n" in text
    assert messages.written(messages.updated(again, [Text("b.py", 9, "Gone")]), "Chinese").count("没了") == 1


def test_updating_twice_changes_nothing():
    found = [Text("a.py", 1, "Open {n}"), Text("c.py", 1, "{n} a", "{n} b")]
    once = messages.written(messages.updated(catalogue(GOOD), found), "Chinese")
    twice = messages.written(messages.updated(read_po(io.StringIO(once), locale="zh_CN"), found), "Chinese")
    assert once == twice


def test_pruning_drops_unused_texts():
    fresh = messages.updated(catalogue(GOOD), [Text("a.py", 1, "Other")], prune=True)
    assert "Open" not in messages.written(fresh, "Chinese")
