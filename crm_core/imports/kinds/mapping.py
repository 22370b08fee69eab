"""Mapping files of records beside orders: columns, options, what words stand for, and how a file tells history."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from crm_core.errors import ImportFailed
from crm_core.imports.batches import shown_columns
from crm_core.imports.fields import plain
from crm_core.imports.kinds.fields import KIND_FIELDS
from crm_core.imports.mapping import (
    Options,
    check_options,
    options_given,
    options_of,
    texts_of,
    toml_key,
    toml_value,
)

KINDS = ("customers", "products", "tickets", "deals", "needs")
KIND_PRESETS = ("incident-log", "complaints", "sales-pipeline")
"""Mappings that come with Rapport."""

_PARTS = frozenset({"kind", "columns", "options", "rules", "codes", "values", "companions"})


@dataclass(frozen=True)
class KindRules:
    """How a file tells history.

    is_log: one row per update of a record, by `updated_at`; the last one is its state, the earlier ones its history.
    first_stage: the stage a deal of this file was in when it was opened; None: the first stage there is.
    """

    is_log: bool = False
    first_stage: str | None = None


@dataclass(frozen=True)
class KindMapping:
    """A mapping file's content.

    Attributes:
        columns: the file's column of each field.
        codes: for a field what the file's words stand for.
        values: what holds for every row in a field the file has no column for.
        companions: files beside the file that are read first, by name, each with the mapping of its kind.
    """

    kind: str
    columns: Mapping[str, str]
    options: Options = field(default_factory=Options)
    rules: KindRules = field(default_factory=KindRules)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    companions: Mapping[str, KindMapping] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The mapping as plain values, as an import keeps it."""
        return {
            "kind": self.kind,
            "columns": dict(self.columns),
            "options": options_given(self.options),
            "rules": self._rules_given(),
            "codes": {name: dict(codes) for name, codes in self.codes.items()},
            "values": dict(self.values),
            "companions": {name: mapping.as_dict() for name, mapping in self.companions.items()},
        }

    def to_toml(self) -> str:
        """The mapping as the text of a mapping file."""
        tables = {"columns": self.columns, "options": options_given(self.options), "rules": self._rules_given()}
        tables |= {f"codes.{field}": codes for field, codes in self.codes.items() if codes} | {"values": self.values}
        lines = [f"kind = {toml_value(self.kind)}"]
        for name, table in tables.items():
            if table:
                lines += ["", f"[{name}]", *(f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items())]
        return "\n".join(lines) + "\n"

    def _rules_given(self) -> dict[str, Any]:
        given = {"is_log": self.rules.is_log or None, "first_stage": self.rules.first_stage}
        return {name: value for name, value in given.items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str) -> Self:
        """The mapping those plain values describe.

        Raises:
            ImportFailed: an entry is unknown, of the wrong type or missing; the message names it.
        """
        for key in data:
            if key not in _PARTS:
                raise ImportFailed("{file}: '{key}' is not part of a mapping.", file=name, key=key)
        kind = str(data.get("kind"))
        if kind not in KIND_FIELDS:
            kinds = ", ".join(("orders", *KIND_FIELDS))
            raise ImportFailed("{file} maps '{kind}'; the kinds are: {kinds}.", file=name, kind=kind, kinds=kinds)
        known = {item.name: item for item in KIND_FIELDS[kind]}
        columns = texts_of(data.get("columns"), f"{name} [columns]")
        codes = {key: texts_of(table, f"{name} [codes.{key}]") for key, table in (data.get("codes") or {}).items()}
        values = texts_of(data.get("values") or {}, f"{name} [values]")
        for key in (*columns, *codes, *values):
            if key not in known:
                raise ImportFailed(
                    "{file}: '{key}' is not a field of {kind}. The fields are: {fields}.",
                    file=name,
                    key=key,
                    kind=kind,
                    fields=", ".join(known),
                )
        missing = [item.name for item in known.values() if item.is_required and item.name not in columns]
        rules = _rules(data.get("rules") or {}, name)
        if rules.is_log and "updated_at" not in columns:
            missing.append("updated_at")
        if missing:
            raise ImportFailed(
                "{file} does not say which column holds {fields}. Add them under [columns].",
                file=name,
                fields=", ".join(missing),
            )
        options = options_of(data.get("options"), f"{name} [options]")
        check_options(options, name, tuple(known))
        companions = {
            key: cls.from_dict(table, name=f"{name} [companions.'{key}']")
            for key, table in (data.get("companions") or {}).items()
        }
        return cls(kind, columns, options, rules, codes, values, companions)


def load_kind_mapping(path: Path) -> KindMapping:
    """The mapping in a TOML file.

    Raises:
        ImportFailed: the file is not there, is not TOML, or does not describe a mapping.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror
        raise ImportFailed("The mapping file {file} cannot be read: {reason}", file=str(path), reason=reason) from error
    except UnicodeDecodeError as error:
        raise ImportFailed("The mapping file {file} is not UTF-8 text.", file=str(path)) from error
    return _parsed(text, path.name)


def kind_preset(name: str) -> KindMapping:
    """A mapping that comes with Rapport, by its name.

    Raises:
        ImportFailed: there is none of that name.
    """
    if name not in KIND_PRESETS:
        presets = ", ".join(KIND_PRESETS)
        raise ImportFailed("There is no preset '{name}'. The presets are: {presets}.", name=name, presets=presets)
    text = (files("crm_core.imports") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    return _parsed(text, f"{name}.toml")


def suggested(kind: str, columns: tuple[str, ...]) -> dict[str, str]:
    """The column of each field that is named like it."""
    by_plain = {plain(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for item in KIND_FIELDS[kind]:
        column = next((by_plain[word] for word in item.synonyms if word in by_plain), None)
        if column is not None and column not in found.values():
            found[item.name] = column
    return found


def guess_kind_mapping(kind: str, columns: tuple[str, ...], *, name: str) -> KindMapping:
    """The mapping that the names of the columns suggest.

    Raises:
        ImportFailed: a field that is needed is among none of them.
    """
    found = suggested(kind, columns)
    missing = [item.name for item in KIND_FIELDS[kind] if item.is_required and item.name not in found]
    if missing:
        raise ImportFailed(
            "{file}: no column is named like {fields}. Say which it is in a mapping file. Its columns are: {columns}.",
            file=name,
            fields=", ".join(missing),
            columns=shown_columns(columns),
        )
    return KindMapping(kind, found)


def _parsed(text: str, name: str) -> KindMapping:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ImportFailed("The mapping file {file} is not TOML: {reason}", file=name, reason=str(error)) from error
    return KindMapping.from_dict(data, name=name)


def _rules(data: Mapping[str, Any], name: str) -> KindRules:
    known = {"is_log": bool, "first_stage": str}
    for key, value in data.items():
        if key not in known:
            raise ImportFailed(
                "{file}: '{key}' is unknown. It may hold: {known}.",
                file=f"{name} [rules]",
                key=key,
                known=", ".join(known),
            )
        if not isinstance(value, known[key]):
            wanted = "true or false" if known[key] is bool else "a text in quotation marks"
            raise ImportFailed("{file}: {key} must be {wanted}.", file=f"{name} [rules]", key=key, wanted=wanted)
    return KindRules(bool(data.get("is_log", False)), data.get("first_stage"))
