"""What a file of contracts says: how long they last, and whether a model of who ends them is worth believing."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crm_core.analytics.contract_churn import ContractModel, contract_model, kaplan_meier, median_duration
from crm_core.errors import AnalysisRefused, FieldError
from crm_core.imports.contract_file import Contracts


@dataclass(frozen=True, eq=False)
class ContractReport:
    """One file's contracts.

    curve, median: the survival curve, and the time half of the contracts reach; both None where it is not known.
    model: None where the contracts cannot carry one. reason: why no model is to be used, in words; None where it is.
    """

    n: int
    n_ended: int
    curve: pd.DataFrame | None
    median: float | None
    model: ContractModel | None
    reason: FieldError | None


def contract_report(contracts: Contracts) -> ContractReport:
    """The survival curve of the contracts, and the model with its verdict; what cannot be said is left out with why."""
    n, n_ended = len(contracts.ended), int(contracts.ended.sum())
    try:
        curve = kaplan_meier(contracts.duration, contracts.ended)
    except AnalysisRefused as refused:
        return ContractReport(n, n_ended, None, None, None, _said(refused))
    median = median_duration(curve)
    try:
        model = contract_model(contracts.properties, contracts.ended, duration=contracts.duration)
    except AnalysisRefused as refused:
        return ContractReport(n, n_ended, curve, median, None, _said(refused))
    return ContractReport(n, n_ended, curve, median, model, model.reason)


def _said(refused: AnalysisRefused) -> FieldError:
    return FieldError(refused.template, refused.params)
