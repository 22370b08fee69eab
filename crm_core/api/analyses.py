"""/analyses: every registered analysis, its parameters from the query, its report as JSON."""

from __future__ import annotations

import sys
from dataclasses import fields
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter, ValidationError

import crm_core.analytics
from crm_core.access import Permission
from crm_core.analytics import registry
from crm_core.analytics.registry import Analysis
from crm_core.api.asker import Asker, signed_in, workspace_of
from crm_core.api.plain import as_json
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.workspace import Workspace

router = APIRouter(prefix="/analyses")

MOST_ROWS = 1000
"""So many rows of people one answer holds at most."""

_SHORT = {"from": "period.start", "to": "period.end"}
"""Shorter names for parameters most analyses have."""


@router.get("")
def list_analyses(asker: Annotated[Asker, Depends(signed_in)]) -> dict[str, Any]:
    """The analyses this person may run."""
    allowed = [found for found in _registered().values() if asker.actor.may(found.permission)]
    return {"analyses": [{"name": found.name, "about": (found.__doc__ or "").partition("\n")[0]} for found in allowed]}


@router.get("/{name}")
def run(
    name: str,
    request: Request,
    asker: Annotated[Asker, Depends(signed_in)],
    workspace: Annotated[Workspace, Depends(workspace_of)],
) -> dict[str, Any]:
    """The report of one analysis over what this person may see, waiting until it is there.

    One that lists people needs the permission to export customers, as their file on the page does, and comes in pages:
    `limit` rows (100, at most 1000) of each table after the first `skip`, with `totals` of them all.
    """
    found = _registered().get(name)
    if found is None:
        raise NotFound("There is no analysis called '{name}'.", name=name)
    asker.actor.require(found.permission)
    given = request.query_params.multi_items()
    rows = _take_rows(given) if found.lists_people else None
    if rows is not None:
        asker.actor.require(Permission.CUSTOMERS_EXPORT)
    params = parameters(found, given)
    workspace.warehouse.ensure_fresh()
    report = workspace.analyses.run(found, params, actor=asker.actor)
    plain: dict[str, Any] = as_json(report) if rows is None else _paged(report, rows)
    return plain


def parameters(found: Analysis[Any, Any], given: list[tuple[str, str]]) -> Any:
    """The analysis's parameters from `name=value` pairs: `period.start` reaches into a part, a name twice makes a list.

    Raises:
        Invalid: a name the analysis does not have, or a value that is none of its kind, by name.
    """
    tree: dict[str, Any] = {}
    for short, value in given:
        *parts, last = _SHORT.get(short, short).split(".")
        branch = tree
        for part in parts:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise Invalid({short: FieldError("This is given twice, whole and in parts.")})
        if last in branch:
            value = [*(branch[last] if isinstance(branch[last], list) else [branch[last]]), value]  # type: ignore[assignment]
        branch[last] = value
    known = {field.name for field in fields(found.params_type) if field.init}
    if unknown := sorted(tree.keys() - known):
        names = ", ".join(sorted(known))
        raise Invalid({unknown[0]: FieldError("There is no such parameter; there are: {names}.", {"names": names})})
    try:
        return TypeAdapter(found.params_type).validate_python(tree)
    except ValidationError as error:
        problems = {".".join(str(part) for part in problem["loc"]): problem["msg"] for problem in error.errors()}
        raise Invalid(
            {name: FieldError("{reason}.", {"reason": reason}) for name, reason in problems.items()}
        ) from error


def _take_rows(given: list[tuple[str, str]]) -> slice:
    """Which rows are asked for; taken out of what was given."""
    wanted = {"limit": 100, "skip": 0}
    for name, value in [pair for pair in given if pair[0] in wanted]:
        given.remove((name, value))
        highest = MOST_ROWS if name == "limit" else sys.maxsize
        if not value.isdecimal() or int(value) > highest:
            raise Invalid({name: FieldError("A whole number from 0 to {highest}.", {"highest": highest})})
        wanted[name] = int(value)
    return slice(wanted["skip"], wanted["skip"] + wanted["limit"])


def _paged(report: Any, rows: slice) -> dict[str, Any]:
    """The report with these rows of each of its tables, and how many there are of each."""
    values = {field.name: getattr(report, field.name) for field in fields(report)}
    tables = {name: value for name, value in values.items() if isinstance(value, pd.DataFrame)}
    shown = values | {name: table.iloc[rows] for name, table in tables.items()}
    return {**as_json(shown), "totals": {name: len(table) for name, table in tables.items()}}


@cache
def _registered() -> dict[str, Analysis[Any, Any]]:
    """Every analysis there is; on the first call their modules are imported, which register them."""
    for module in iter_modules(crm_core.analytics.__path__, "crm_core.analytics."):
        import_module(module.name)
    return {found.name: found for found in registry.all_analyses()}
