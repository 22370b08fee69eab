"""Mapping files: which column fills which field, how values are written, and what kind of line a row is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import available_timezones

from crm_core.db.models import LineKind
from crm_core.errors import ImportFailed
from crm_core.imports.fields import FIELD_NAMES, missing_fields
from crm_core.imports.sniff import is_text_encoding

PRESETS = ("online-retail",)
"""Mappings that come with Rapport."""

_DELIMITERS = frozenset(map(chr, range(128))) - frozenset('"\n\r\0')  # what the CSV reader can tell cells by

_Table = TypeVar("_Table", "Options", "Rules")

DEFAULT_MISSING = ("", "NULL", "null", "NaN", "nan", "N/A", "#N/A")


@dataclass(frozen=True)
class Options:
    """How the file writes its values; what is None is found by looking at the file."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    date_format: str | None = None
    day_first: bool | None = None
    decimal: str | None = None
    timezone: str | None = None
    missing: tuple[str, ...] = DEFAULT_MISSING
    whole_numbers: tuple[str, ...] = ()  # fields whose values lose a trailing '.0'


@dataclass(frozen=True)
class Rules:
    """What kind of line a row is; the first that fits decides, in this order, and the rest are sales."""

    refund_order_prefixes: tuple[str, ...] = ()
    adjustment_order_prefixes: tuple[str, ...] = ()
    adjustment_product_codes: tuple[str, ...] = ()  # exact codes, or patterns with * and ?
    negative_quantity: str = LineKind.REFUND.value

    def is_adjustment_code(self, code: str) -> bool:
        """Whether the code stands for something that is not a product: postage, fees, corrections."""
        return any(fnmatchcase(code, pattern) for pattern in self.adjustment_product_codes)


@dataclass(frozen=True)
class Mapping:
    """A mapping file's content; `columns` gives the file's column for each field."""

    columns: Dictionary[str, str]
    options: Options = field(default_factory=Options)
    rules: Rules = field(default_factory=Rules)
    countries: Dictionary[str, str] = field(default_factory=dict)  # the file's own names → ISO code, or '' for none
    kind: str = "orders"

    def to_toml(self) -> str:
        """The mapping as the text of a mapping file."""
        lines = [f"kind = {toml_value(self.kind)}"]
        for name, table in self.as_dict().items():
            if name != "kind" and table:
                lines += ["", f"[{name}]", *(f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items())]
        return "\n".join(lines) + "\n"

    def as_dict(self) -> dict[str, Any]:
        """The mapping as plain values, without what is left at its default."""
        return {
            "kind": self.kind,
            "columns": dict(self.columns),
            "options": options_given(self.options),
            "rules": options_given(self.rules),
            "countries": dict(self.countries),
        }

    @classmethod
    def from_dict(cls, data: Dictionary[str, Any], *, name: str = "The mapping") -> Self:
        """The mapping those plain values describe.

        Raises:
            ImportFailed: an entry is unknown, of the wrong type or missing; the message names it.
        """
        for key in data:
            if key not in {"kind", "columns", "options", "rules", "countries"}:
                raise ImportFailed("{file}: '{key}' is not part of a mapping.", file=name, key=key)
        if data.get("kind", "orders") != "orders":
            raise ImportFailed(
                "{file} maps {kind}; only orders can be imported so far.", file=name, kind=str(data["kind"])
            )
        columns = texts_of(data.get("columns"), f"{name} [columns]")
        for key in columns:
            if key not in FIELD_NAMES:
                raise ImportFailed(
                    "{file}: '{key}' is not a field of orders. The fields are: {fields}.",
                    file=name,
                    key=key,
                    fields=", ".join(FIELD_NAMES),
                )
        if missing := missing_fields(columns):
            raise ImportFailed(
                "{file} does not say which column holds {fields}. Add them under [columns].",
                file=name,
                fields=", ".join(missing),
            )
        if "unit_price" in columns and "line_total" in columns:
            raise ImportFailed("{file} maps both unit_price and line_total; keep one of them.", file=name)
        options = _table(Options, data.get("options"), f"{name} [options]")
        rules = _table(Rules, data.get("rules"), f"{name} [rules]")
        check_options(options, name)
        for key in ("refund_order_prefixes", "adjustment_order_prefixes"):
            if "" in getattr(rules, key):
                raise ImportFailed(
                    "{file}: {key} holds an empty text, with which every order number begins. Leave it out.",
                    file=name,
                    key=key,
                )
        if rules.negative_quantity not in set(LineKind):
            raise ImportFailed(
                "{file}: negative_quantity is '{value}'; it must be one of {kinds}.",
                file=name,
                value=rules.negative_quantity,
                kinds=", ".join(LineKind),
            )
        countries = texts_of(data.get("countries", {}), f"{name} [countries]")
        for key, code in countries.items():
            if code and not (len(code) == 2 and code.isascii() and code.isupper()):
                raise ImportFailed(
                    "{file}: the country '{key}' stands for '{code}', which is not a code of two letters such as IE.",
                    file=name,
                    key=key,
                    code=code,
                )
        return cls(columns, options, rules, countries)


def load_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file.

    Raises:
        ImportFailed: the file is not there, is not TOML, or does not describe a mapping.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ImportFailed(
            "The mapping file {file} cannot be read: {reason}", file=str(path), reason=error.strerror
        ) from error
    except UnicodeDecodeError as error:
        raise ImportFailed("The mapping file {file} is not UTF-8 text.", file=str(path)) from error
    return parse_mapping(text, name=path.name)


def parse_mapping(text: str, *, name: str) -> Mapping:
    """The mapping in the text of a TOML file."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ImportFailed("The mapping file {file} is not TOML: {reason}", file=name, reason=str(error)) from error
    return Mapping.from_dict(data, name=name)


def preset(name: str) -> Mapping:
    """A mapping that comes with Rapport, by its name.

    Raises:
        ImportFailed: there is none of that name.
    """
    if name not in PRESETS:
        raise ImportFailed(
            "There is no preset '{name}'. The presets are: {presets}.", name=name, presets=", ".join(PRESETS)
        )
    text = (files("crm_core.imports") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_mapping(text, name=f"{name}.toml")


def options_of(data: Any, name: str) -> Options:
    """How a file writes its values, as the table of a mapping file says.

    Raises:
        ImportFailed: an entry is unknown or of the wrong type.
    """
    return _table(Options, data, name)


def check_options(options: Options, name: str, known: Sequence[str] = FIELD_NAMES) -> None:
    """Raise ImportFailed where an option cannot be; `known` are the fields there are."""
    if options.timezone is not None and options.timezone not in available_timezones():
        raise ImportFailed(
            "{file}: '{value}' is not a time zone; give one such as Europe/London.", file=name, value=options.timezone
        )
    if options.decimal not in {None, ".", ","}:
        raise ImportFailed("{file}: decimal is '{value}'; it must be '.' or ','.", file=name, value=options.decimal)
    if options.encoding is not None and not is_text_encoding(options.encoding):
        raise ImportFailed(
            "'{encoding}' is not an encoding; use one such as utf-8, gb18030 or cp1252.", encoding=options.encoding
        )
    if options.delimiter is not None and not (len(options.delimiter) == 1 and options.delimiter in _DELIMITERS):
        raise ImportFailed(
            "{file}: delimiter is '{value}'; it must be one character, such as ',' or ';'.",
            file=name,
            value=options.delimiter,
        )
    for key in options.whole_numbers:
        if key not in known:
            raise ImportFailed(
                "{file}: whole_numbers names '{key}', which is not a field of orders.", file=name, key=key
            )


def texts_of(data: Any, name: str) -> dict[str, str]:
    """A table of texts; ImportFailed where it is none."""
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise ImportFailed('{file} must be a table of texts, such as quantity = "Qty".', file=name)
    return dict(data)


def _table(kind: type[_Table], data: Any, name: str) -> _Table:
    """The dataclass the TOML table describes; every entry must be one of its fields and of the field's type."""
    if data is None:
        return kind()
    if not isinstance(data, dict):
        raise ImportFailed("{file} must be a table.", file=name)
    known = {item.name: str(item.type) for item in fields(kind)}
    given: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            raise ImportFailed(
                "{file}: '{key}' is unknown. It may hold: {known}.", file=name, key=key, known=", ".join(known)
            )
        wanted = known[key]
        if wanted.startswith("tuple"):
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise ImportFailed('{file}: {key} must be a list of texts, such as ["", "?"].', file=name, key=key)
            given[key] = tuple(value)
        elif wanted.startswith("bool"):
            if not isinstance(value, bool):
                raise ImportFailed("{file}: {key} must be true or false.", file=name, key=key)
            given[key] = value
        else:
            if not isinstance(value, str):
                raise ImportFailed("{file}: {key} must be a text in quotation marks.", file=name, key=key)
            given[key] = value
    return kind(**given)


def options_given(table: Options | Rules) -> dict[str, Any]:
    """What is not left at its default, as a mapping file holds it."""
    values = {item.name: (getattr(table, item.name), item.default) for item in fields(table)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if value != default
    }


def toml_value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    # A JSON string is a TOML string, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """A key as TOML writes it."""
    is_bare = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return name if is_bare else toml_value(name)
