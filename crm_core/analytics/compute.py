"""One analysis on one snapshot, in this process: only the tables it declares, and failures in words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.access import Scope
from crm_core.analytics.progress import Progress
from crm_core.analytics.registry import DERIVED, Analysis
from crm_core.errors import AnalysisFailed, CrmError

if TYPE_CHECKING:
    from crm_core.warehouse import Snapshot, Tables


@dataclass(frozen=True)
class Computed:
    """A fresh report and the seconds it took."""

    report: Any
    seconds: float


def compute(
    analysis: Analysis[Any, Any], params: Any, *, snapshot: Snapshot, scope: Scope, progress: Progress
) -> Computed:
    """The report of the analysis on what the scope may see of the snapshot.

    Raises:
        CrmError: what the analysis raises for people, such as AnalysisRefused.
        AnalysisFailed: the computation broke in any other way; the cause is chained, for the log.
    """
    started = time.perf_counter()
    try:
        report = analysis(_declared(snapshot.tables(scope), analysis), params, progress)
        if not isinstance(report, analysis.report_type):
            raise TypeError(f"it returned {type(report).__name__}, not {analysis.report_type.__name__}")
    except CrmError:
        raise
    except Exception as error:
        raise broken(analysis.name, error) from error
    return Computed(report, time.perf_counter() - started)


def broken(name: str, error: Exception) -> AnalysisFailed:
    """What to tell people about an exception nobody meant for them."""
    if isinstance(error, MemoryError):
        return AnalysisFailed(
            "'{analysis}' ran out of memory. Choose a shorter period or fewer customers and try again.", analysis=name
        )
    reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return AnalysisFailed(
        "'{analysis}' broke with an error we did not foresee ({reason}). The server's log says more.",
        analysis=name,
        reason=reason,
    )


def _declared(tables: Tables, analysis: Analysis[Any, Any]) -> Tables:
    """The tables the analysis declares, and no others: its kept report would not notice changes of another one."""
    derived = {name for name, made_of in DERIVED.items() if made_of <= analysis.reads}
    return tables.declared(analysis.reads | derived, analysis.name)
