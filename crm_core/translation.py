"""The reader's language: English templates in the code, looked up in a catalogue and filled by name.

English is the message id, so a text reads in the code as it reads on the screen, and one without a translation still
reads well. Other languages lie in `locale/*.po` and are read once per process.

    _ = translator("zh_CN")
    _("{name} was saved.", name=customer.name)
    _.ngettext("{n} customer", "{n} customers", len(rows))

A text that is written in one place and shown in another (a metric's name, a column title) is marked where it is written
with `N_("Net sales")` and translated where it is shown with `_(metric.name)`.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from babel.messages.pofile import read_po

from crm_core.errors import CrmError, FieldError, Invalid

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""Each language's code and its name in itself."""

DEFAULT_LANGUAGE = "en"


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for it)
    """The text itself; marks it to be translated where it is shown."""
    return text


class _Count(int):
    """A whole number that a bare `{n}` shows with thousands separators, which are commas in every language we have."""

    def __format__(self, spec: str) -> str:
        return format(int(self), spec or ",")


@dataclass(frozen=True)
class _Catalogue:
    """One language's texts: singular ones by message id, counted ones by their singular, and the plural's rule."""

    texts: Mapping[str, str] = field(default_factory=dict)
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: Callable[[int], int] = lambda n: int(n != 1)


@cache
def _catalogue(language: str) -> _Catalogue:
    if language == DEFAULT_LANGUAGE:
        return _Catalogue()
    with (files("crm_core") / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    texts: dict[str, str] = {}
    counted: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.string, str):
            if message.string:
                texts[str(message.id)] = message.string
        elif message.string and all(message.string):
            counted[message.id[0]] = tuple(message.string)
    return _Catalogue(texts, counted, gettext.c2py(catalogue.plural_expr))


def _fill(translated: str, original: str, params: Mapping[str, Any]) -> str:
    """The translation with its blanks filled; the English text where the translation names one that is not given."""
    if not params:
        return translated
    try:
        return translated.format(**params)
    except (KeyError, IndexError, ValueError):
        if translated == original:
            raise
        return original.format(**params)


@dataclass(frozen=True)
class Translator:
    """Texts in one language; call it with an English template and what fills it."""

    language: str

    def __call__(self, template: str, /, **params: Any) -> str:
        """The template in this language, filled with `params`; without params, braces are left as they are."""
        return _fill(_catalogue(self.language).texts.get(template, template), template, params)

    def ngettext(self, one: str, many: str, n: int, /, **params: Any) -> str:
        """The form of the text that fits the count `n`, which `{n}` shows with thousands separators."""
        catalogue = _catalogue(self.language)
        original = one if n == 1 else many
        forms = catalogue.counted.get(one)
        translated = forms[catalogue.plural(n)] if forms else original
        return _fill(translated, original, {"n": _Count(n), **params})


@cache
def translator(language: str) -> Translator:
    """The translator into a language of `LANGUAGES`; any other code gives English."""
    return Translator(language if language in LANGUAGES else DEFAULT_LANGUAGE)


def match_language(accept_language: str) -> str:
    """The language of ours a browser's Accept-Language header likes best; English when it names none.

    Chinese of any region and script gives the one Chinese there is. A quality of 0 refuses a language (RFC 9110,
    12.5.4).
    """
    wishes: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, parameters = part.strip().partition(";")
        try:
            quality = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            wishes.append((quality, tag.strip().replace("_", "-").lower()))
    by_primary = {code.partition("_")[0]: code for code in LANGUAGES}
    for _quality, tag in sorted(wishes, key=lambda wish: -wish[0]):
        code = by_primary.get(tag.partition("-")[0])
        if code:
            return code
    return DEFAULT_LANGUAGE


def translate_error(error: CrmError, _: Translator) -> str:
    """An error's sentence in the reader's language; for `Invalid` one sentence a field."""
    if isinstance(error, Invalid):
        return " ".join(translate_fields(error, _).values())
    return _(error.template, **_translated(error.params, _))


def translate_field(error: FieldError, _: Translator) -> str:
    """What is wrong with one field, in the reader's language."""
    return _(error.template, **_translated(error.params or {}, _))


def translate_fields(error: Invalid, _: Translator) -> dict[str, str]:
    """What is wrong with each field, in the reader's language, to be shown beside it."""
    return {name: translate_field(problem, _) for name, problem in error.fields.items()}


def _translated(params: Mapping[str, Any], _: Translator) -> dict[str, Any]:
    """The params, where one that is itself a sentence with blanks (a FieldError, a CrmError) is translated too."""
    return {
        name: translate_field(value, _)
        if isinstance(value, FieldError)
        else translate_error(value, _)
        if isinstance(value, CrmError)
        else value
        for name, value in params.items()
    }
