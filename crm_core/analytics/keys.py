"""What makes two reports the same: everything the answer depends on, as one digest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crm_core.access import Scope
from crm_core.analytics.registry import Analysis
from crm_core.analytics.values import Json, canonical

if TYPE_CHECKING:
    from crm_core.warehouse import Snapshot

# Whose customers one may see decides which orders and lines one sees, whatever tables the analysis itself reads; which
# tickets and deals one may see, which of their parts.
_SCOPING_TABLES = frozenset({"customers", "orders"})
_WHOLES = {"ticket_events": frozenset({"tickets"}), "deal_moves": frozenset({"deals"})}


@dataclass(frozen=True)
class ReportKey:
    """`key` names one report; `family` the same question at any state of the records, on any day."""

    key: str
    family: str


def report_key(analysis: Analysis[Any, Any], params: Any, snapshot: Snapshot, scope: Scope) -> ReportKey:
    """The key of the report of these parameters on this snapshot for this scope.

    Raises:
        TypeError: the parameters are of another type, or hold something that has no canonical form.
    """
    if not isinstance(params, analysis.params_type):
        raise TypeError(
            f"analysis '{analysis.name}' takes {analysis.params_type.__name__}, not {type(params).__name__}"
        )
    question: dict[str, Json] = {
        "analysis": analysis.name,
        "code": analysis.code_version,
        "params": canonical(params, analysis.types),
        "scope": asdict(scope),
        "timezone": snapshot.timezone,
    }
    tables = analysis.reads
    if not scope.is_everything:
        tables = tables.union(_SCOPING_TABLES, *(_WHOLES.get(table, frozenset()) for table in tables))
    # The mark tells a table from the same table at the same version in a database restored from a backup.
    state: dict[str, Json] = {"tables": {table: asdict(snapshot.marks[table]) for table in tables}}
    if analysis.is_dated:
        state["today"] = today(snapshot.timezone)
    return ReportKey(key=_digest({**question, **state}), family=_digest(question))


def today(timezone: str) -> str:
    """The current day in that time zone, as YYYY-MM-DD."""
    return datetime.now(ZoneInfo(timezone)).date().isoformat()


def _digest(parts: dict[str, Json]) -> str:
    return sha256(json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()
