"""Which texts of the code people read, and which of those nobody marked for translation. Reads syntax trees only.

A text is found (`texts`) where it is given to `_`, `N_` or `ngettext`, or is the template of a CrmError or FieldError.
A text is unmarked (`unmarked`) where it reaches the screen by another way: a literal given to a widget, a sentence
anywhere in dashboard/ or pages/, an error's template that is put together at run time. A line that must stay as it is
says so, or the line above it: `# not translated: the product's name`; `# marked: in the table above` for a text that
comes from elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

MARKERS = {"_", "N_"}
WAIVERS = ("# not translated: ", "# marked: ")

TEXT_KEYWORDS = {
    "alt", "body", "caption", "delta_description", "description", "header", "help", "label", "message", "placeholder",
    "subheader", "summary", "text", "title",
}  # fmt: skip
"""Parameters that people read, whatever the function; not key, icon, type, width, url_path, format, name, …"""

FIRST_IS_TEXT = {
    "button", "caption", "chat_input", "checkbox", "dialog", "download_button", "error", "expander",
    "file_uploader", "form_submit_button", "header", "headline", "html", "info", "link_button", "markdown",
    "metric", "multiselect", "number_input", "pills", "popover", "radio", "segmented_control", "select_slider",
    "selectbox", "slider", "spinner", "status", "subheader", "success", "tabs", "text", "text_area", "text_input",
    "date_input", "datetime_input", "time_input", "title", "toast", "toggle", "warning", "write",
    "AreaChartColumn", "BarChartColumn", "ButtonColumn", "CheckboxColumn", "Column", "DateColumn", "DatetimeColumn",
    "LineChartColumn", "LinkColumn", "ListColumn", "MultiselectColumn", "NumberColumn", "ProgressColumn",
    "SelectboxColumn", "TextColumn", "TimeColumn",
}  # fmt: skip
"""Functions of Streamlit, its columns and dashboard.ui whose first argument people read."""

ALL_ARE_TEXT = {"write", "method"}
NOT_FOR_READERS = {"getLogger", "print"}
LOGGERS = {"log", "logger", "logging", "_log", "_logger"}

_NOT_WORDS = re.compile(
    r"""
    <(style|script)\b.*?</\1> | <[^>]*> | &\w+;        # markup
    | \{[^{}]*\}                                       # fields
    | :material/\w+: | :[a-z]+(-[a-z]+)*\[ | :[a-z_]+:  # icons, colours, emoji
    | https?://\S+ | /[\w/-]+ | \S+@\S+                # addresses
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Text:
    """One text to translate: `many` is its plural where it counts something."""

    file: str
    line: int
    one: str
    many: str | None = None


@dataclass(frozen=True)
class Problem:
    """One place where a reader would meet a text nobody can translate."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@cache
def _parsed(source: str, file: str) -> ast.Module:
    return ast.parse(source, file)


def error_classes(sources: Mapping[str, str]) -> set[str]:
    """The names of CrmError and all classes under it, wherever they are defined, and FieldError; `sources` by file."""
    bases = {
        node.name: {name for base in node.bases if (name := _name(base))}
        for file, source in sources.items()
        for node in ast.walk(_parsed(source, file))
        if isinstance(node, ast.ClassDef)
    }
    found = {"CrmError"}
    while more := {name for name, parents in bases.items() if parents & found} - found:
        found |= more
    return found | {"FieldError"}


def texts(source: str, file: str, errors: set[str]) -> Iterator[Text]:
    """Every text of this file that is to be translated."""
    tree = _parsed(source, file)
    constants = _constants(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = _name(node.func)
        if name == "ngettext":
            forms = [literal for argument in node.args[:2] for literal in _literals(argument)]
            if len(forms) == 2:
                yield Text(file, node.lineno, forms[0], forms[1])
        elif name in MARKERS or name in errors or _is_error_init(node, tree, errors):
            argument = node.args[0]
            if name in errors and isinstance(argument, ast.Name):
                argument = constants.get(argument.id, argument)
            for literal in _literals(argument):
                yield Text(file, node.lineno, literal)


def unmarked(source: str, file: str, errors: set[str], *, is_screen: bool) -> list[Problem]:
    """Every text of this file that readers would meet untranslated; `is_screen` for dashboard/ and pages/."""
    tree = _parsed(source, file)
    found = [*_loose_templates(tree, file, errors)]
    if is_screen:
        found += _loose_screen_texts(tree, file, errors)
    lines = ["", *source.splitlines()]
    loose = {problem for problem in found if not _is_waived(lines[problem.line], lines[problem.line - 1])}
    return sorted(loose, key=lambda problem: (problem.line, problem.what))


def _is_waived(line: str, above: str) -> bool:
    return any(waiver in line or above.strip().startswith(waiver) for waiver in WAIVERS)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """What names are assigned, where it is always the same: a text kept in one is as good as a literal."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    return {name: values[0] for name, values in assigned.items() if len({ast.dump(value) for value in values}) == 1}


def _loose_templates(tree: ast.Module, file: str, errors: set[str]) -> Iterator[Problem]:
    """Texts given to a marker or an error that are not literals: nobody could find them."""
    constants = _constants(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        is_error = name in errors and name not in {"Invalid", "Conflict"}
        if not (name in MARKERS or name == "ngettext" or is_error) or not node.args:
            continue
        for argument in node.args[: 2 if name == "ngettext" else 1]:
            if _literals(argument) or (name == "_" and isinstance(argument, ast.Name | ast.Attribute | ast.Subscript)):
                continue
            if isinstance(argument, ast.Call) and _name(argument.func) == "N_":
                continue
            if _handed_on(argument) in ({"template", "message"} if is_error else {"one", "many"}):
                continue  # from where it was found
            constant = constants.get(_name(argument) or "")
            if constant is not None and is_error and _literals(constant):
                continue
            if isinstance(constant, ast.Call) and _name(constant.func) == "N_":
                continue
            if name == "_" and isinstance(argument, ast.Call):
                continue  # a text looked up: marked with N_ where it is written
            what = "f-string" if isinstance(argument, ast.JoinedStr) else "text put together at run time"
            yield Problem(file, argument.lineno, f"{name}() is given a {what}; give it a literal with {{named}} blanks")


def _handed_on(node: ast.expr) -> str | None:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return _name(node)


def _loose_screen_texts(tree: ast.Module, file: str, errors: set[str]) -> Iterator[Problem]:
    silent = _silent_nodes(tree, errors)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.Call):
            for argument in _read_by_people(node):
                for part in _parts(argument):
                    if id(part) not in silent and has_words(_text(part)):
                        yield Problem(file, part.lineno, f"not marked: {_text(part)!r}")
        elif isinstance(node, ast.Constant | ast.JoinedStr) and is_sentence(_text(node)):
            yield Problem(file, node.lineno, f"not marked: {_text(node)!r}")


def _read_by_people(call: ast.Call) -> Iterator[ast.expr]:
    name = _name(call.func)
    if name == "write" and not (isinstance(call.func, ast.Attribute) and _name(call.func.value) == "st"):
        return  # files and workspaces are written, too
    if name in FIRST_IS_TEXT:
        yield from call.args[: None if name in ALL_ARE_TEXT else 1]
    elif name in ALL_ARE_TEXT:
        yield from call.args
    for keyword in call.keywords:
        if keyword.arg in TEXT_KEYWORDS or (keyword.arg == "options" and isinstance(keyword.value, ast.Dict)):
            yield keyword.value


def _silent_nodes(tree: ast.Module, errors: set[str]) -> set[int]:
    """Nodes under which nothing is read by people as it stands: marked texts, docstrings, logs, programming errors."""
    silent: set[int] = set()

    def hush(node: ast.AST) -> None:
        silent.update(id(child) for child in ast.walk(node))

    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.If):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    hush(statement)  # a docstring, of the thing or of the constant above it
        elif isinstance(node, ast.JoinedStr):
            for value in node.values:
                silent.add(id(value))  # judged as a whole; the calls inside are still looked at
        elif isinstance(node, ast.Call):
            name = _name(node.func)
            owner = _name(node.func.value) if isinstance(node.func, ast.Attribute) else None
            is_logged = owner in LOGGERS or name in NOT_FOR_READERS
            if name in MARKERS or name == "ngettext" or name in errors or is_logged:
                for argument in (*node.args, *(k.value for k in node.keywords if is_logged)):
                    hush(argument)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _name(node.exc.func) not in errors:
            hush(node.exc)
        elif isinstance(node, ast.Assert) and node.msg:
            hush(node.msg)
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                if key is not None:
                    hush(key)
        elif isinstance(node, ast.Compare | ast.Subscript):
            hush(node.slice if isinstance(node, ast.Subscript) else node)
    return silent


def _parts(node: ast.expr) -> Iterator[ast.Constant | ast.JoinedStr]:
    """The literals a text is made of: both sides of a choice or a sum, the items of a list, the labels of a dict."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield node
    elif isinstance(node, ast.IfExp):
        yield from (*_parts(node.body), *_parts(node.orelse))
    elif isinstance(node, ast.BinOp):
        yield from (*_parts(node.left), *_parts(node.right))
    elif isinstance(node, ast.BoolOp):
        yield from (part for value in node.values for part in _parts(value))
    elif isinstance(node, ast.List | ast.Tuple):
        yield from (part for item in node.elts for part in _parts(item))
    elif isinstance(node, ast.Dict):
        yield from (part for value in node.values for part in _parts(value))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "join"}:
        yield from _parts(node.func.value)


def has_words(text: str) -> bool:
    """Whether anything is left to read once markup, fields, icons and addresses are taken away."""
    return re.search(r"[^\W\d_]", _NOT_WORDS.sub(" ", text)) is not None


def is_sentence(text: str) -> bool:
    """Whether the text reads like a phrase for people: a capital first, then at least one more word."""
    return re.match(r"\W*[A-Z][\w'’-]*,? .*\b[a-z]{2}", _NOT_WORDS.sub("", text).strip(), re.DOTALL) is not None


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    assert isinstance(node, ast.JoinedStr)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _literals(node: ast.expr) -> list[str]:
    """The literal, or both literals of a choice; empty where it is anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        both = [_literals(node.body), _literals(node.orelse)]
        return [*both[0], *both[1]] if all(both) else []
    return []


def _is_error_init(call: ast.Call, tree: ast.Module, errors: set[str]) -> bool:
    """Whether this is `super().__init__("…")` inside an error class."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"):
        return False
    return any(
        isinstance(node, ast.ClassDef) and node.name in errors and node.lineno <= call.lineno <= (node.end_lineno or 0)
        for node in tree.body
    )


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None
