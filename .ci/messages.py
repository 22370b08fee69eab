"""The texts to translate and their translations.

messages.py            says what is missing, empty, wrong or unmarked, and fails if anything is
messages.py --update   brings crm_core/locale/*.po in step with the code: new texts come in empty, unused ones go last
messages.py --prune    the same, and drops the unused ones
"""

from __future__ import annotations

import io
import re
import string
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).resolve().parent))
from marked_strings import Problem, Text, error_classes, texts, unmarked

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "crm_core" / "locale"
READ = ("crm_core", "dashboard", "pages")
SCREEN = ("dashboard", "pages")

HEADER = """\
# Rapport's texts in {name}. `python .ci/messages.py --update` brings it in step with the code.
msgid ""
msgstr ""
"Project-Id-Version: Rapport\\n"
"Language: {language}\\n"
"Plural-Forms: {plural_forms};\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def extracted(root: Path = ROOT) -> list[Text]:
    """Every text in the code that is to be translated."""
    sources = _sources(root)
    errors = error_classes(sources)
    return [text for file, source in sources.items() for text in texts(source, file, errors)]


def unmarked_texts(root: Path = ROOT) -> list[Problem]:
    """Every text in the code that readers would meet untranslated."""
    sources = _sources(root)
    errors = error_classes(sources)
    return [
        problem
        for file, source in sources.items()
        for problem in unmarked(source, file, errors, is_screen=file.startswith(SCREEN))
    ]


def read(path: Path) -> Catalog:
    """The translations of one language, unused ones apart; raises PoFileError where the file is not well formed."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)


def problems(catalog: Catalog, found: Iterable[Text]) -> list[str]:
    """What is wrong with the translations, one line each."""
    complaints: list[str] = []
    for one, uses in _by_id(found).items():
        where = uses[0].file
        plurals = {use.many for use in uses if use.many}
        if len(plurals) > 1:
            complaints.append(f"{where}: {one!r} is given two plurals: {sorted(plurals)}")
        for text in {use.many: use for use in uses}.values():
            complaints += _complaints(catalog, text)
    return complaints


def _complaints(catalog: Catalog, text: Text) -> list[str]:
    where = f"{text.file}: {text.one!r}"
    message = catalog.get(text.one)
    if message is None:
        was = " (it is among the unused ones)" if text.one in catalog.obsolete else ""
        return [f"{where} has no translation{was}"]
    if message.fuzzy:
        return [f"{where} is marked fuzzy"]
    if bool(text.many) != isinstance(message.id, tuple):
        return [f"{where} is once counted and once not; word them differently, or run --update"]
    if text.many and message.id[1] != text.many:
        return [f"{where} has another plural in the catalogue; run --update"]
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    if not all(form.strip() for form in forms):
        return [f"{where} is not translated"]
    wanted = fields(text.many or text.one)
    found = [*_field_problems(text.one), *(_field_problems(text.many) if text.many else [])]
    for form in forms:
        if fields(form) != wanted:
            found.append(f"names {sorted(fields(form))}, not {sorted(wanted)}")
        found += _style_problems(form) if catalog.locale_identifier == "zh_CN" else []
    return [f"{where}: {problem}" for problem in found]


def fields(template: str) -> set[str]:
    """The names of a template's blanks."""
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name is not None}


def _field_problems(template: str) -> list[str]:
    return [f"'{{{name}}}' is not a plain name" for name in sorted(fields(template)) if not name.isidentifier()]


def _style_problems(text: str) -> list[str]:
    """Chinese typography: full-width punctuation beside Han, a blank between Han and Latin letters or digits."""
    bare = re.sub(r"\{[^{}]*\}", "", text)
    found = []
    if match := re.search(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?(][\u4e00-\u9fff]", bare):
        found.append(f"half-width punctuation in {match.group()!r}")
    if match := re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", bare):
        found.append(f"no blank between Han and Latin in {match.group()!r}")
    return found


def updated(catalog: Catalog, found: Iterable[Text], *, prune: bool = False) -> Catalog:
    """The catalogue with exactly the texts found: known translations kept, new ones empty, nothing guessed."""
    known: dict[str, Message] = {_key(message.id): message for message in catalog.obsolete.values()}
    known |= {_key(message.id): message for message in catalog if message.id}
    fresh = Catalog(locale=catalog.locale, charset="utf-8")
    for one, uses in _by_id(found).items():
        many = next((use.many for use in uses if use.many), None)
        old = known.pop(one, None)
        string_ = old.string if old else ""
        if many:
            forms = [string_] if isinstance(string_, str) else list(string_)
            string_ = tuple((forms + [""] * catalog.num_plurals)[: catalog.num_plurals])
        elif not isinstance(string_, str):
            string_ = string_[0]
        files = sorted({(use.file, 1) for use in uses})
        flags = old.flags - {"python-format", "python-brace-format"} if old else ()
        fresh.add((one, many) if many else one, string_, files, flags, user_comments=old.user_comments if old else ())
    if not prune:
        for key, message in known.items():
            if any(message.string):
                fresh.obsolete[key] = Message(message.id, message.string)
    return fresh


def written(catalog: Catalog, name: str) -> str:
    """The catalogue as the text of a .po file, sorted, without dates and line numbers that change by themselves."""
    for message in (*catalog, *catalog.obsolete.values()):
        message.flags -= {"python-format", "python-brace-format"}
    out = io.BytesIO()
    write_po(out, catalog, width=110, omit_header=True, sort_output=True, include_lineno=False)
    header = HEADER.format(name=name, language=catalog.locale_identifier, plural_forms=catalog.plural_forms.rstrip(";"))
    return header + out.getvalue().decode()


def _by_id(found: Iterable[Text]) -> dict[str, list[Text]]:
    uses: dict[str, list[Text]] = {}
    for text in found:
        uses.setdefault(text.one, []).append(text)
    return uses


def _key(message_id: str | tuple[str, ...] | list[str]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def _sources(root: Path) -> dict[str, str]:
    paths = sorted(path for folder in READ for path in (root / folder).rglob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def main(arguments: list[str]) -> int:
    found = extracted()
    complaints = [str(problem) for problem in unmarked_texts()]
    for path in sorted(LOCALES.glob("*.po")):
        catalog = read(path)
        if {"--update", "--prune"} & set(arguments):
            catalog = updated(catalog, found, prune="--prune" in arguments)
            path.write_text(written(catalog, catalog.locale.get_display_name("en")), encoding="utf-8")
        complaints += [f"{path.name}: {complaint}" for complaint in problems(read(path), found)]
    print("\n".join(complaints) or f"{len(_by_id(found))} texts, all translated")  # noqa: T201
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
