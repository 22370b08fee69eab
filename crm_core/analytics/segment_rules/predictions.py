"""Conditions on what a model expects of a customer. The model is learned from the records up to the day asked for, as
the page of its name does; where it refuses, so does the rule: nobody is left out in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_core.analytics.churn import ChurnParams, churn
from crm_core.analytics.churn_bands import BANDS as RISK_BANDS
from crm_core.analytics.churn_bands import in_band
from crm_core.analytics.segment_rules.condition import Condition, or_words
from crm_core.analytics.segment_rules.ground import Ground, Ids, sorted_ids
from crm_core.analytics.segment_rules.parameters import Choice, Parameter, Values
from crm_core.analytics.value import ValueParams, value_bands
from crm_core.analytics.value_groups import BANDS as VALUE_BANDS
from crm_core.errors import AnalysisRefused, FieldError
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

CHURN_HORIZONS = {"30": N_("30 days"), "60": N_("60 days"), "90": N_("90 days"), "180": N_("180 days")}
VALUE_HORIZONS = {"30": N_("30 days"), "91": N_("3 months"), "182": N_("6 months"), "365": N_("12 months")}
RISKS = {"high": N_("high"), "medium": N_("medium"), "low": N_("low")}


@dataclass(frozen=True)
class ChurnRiskIs(Condition):
    """The customer's chance to leave lies in one of the bands; it holds for nobody who is not scored."""

    kind: ClassVar[str] = "churn_risk"
    title: ClassVar[str] = N_("Churn risk")
    is_learned: ClassVar[bool] = True
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Values("bands", N_("Risk"), {}, options={band: RISKS[band] for band in RISK_BANDS}),
        Choice("horizon", N_("No purchase for"), CHURN_HORIZONS),
    )

    bands: tuple[str, ...]
    horizon: str

    def members(self, ground: Ground) -> Ids:
        scored = _once(ground, ("churn", self.horizon), lambda: self._scored(ground))
        chance = scored["probability"].to_numpy(np.float64)
        inside = np.any([in_band(chance, band) for band in self.bands], axis=0)
        return sorted_ids(scored.loc[inside, "customer_id"])

    def _scored(self, ground: Ground) -> pd.DataFrame:
        report = churn(ground.tables, ChurnParams(ground.as_of, int(self.horizon)))
        if report.reason is not None:
            raise AnalysisRefused(
                "This rule asks for the churn risk, and the churn model is refused: {reason} So nobody can be said to "
                "meet it or not.",
                reason=report.reason,
            )
        return report.customers

    def words(self, _: Translator, formats: Formats) -> str:
        return _(
            "churn risk over {days} days is {bands}",
            days=formats.number(int(self.horizon)),
            bands=or_words([_(RISKS[band]) for band in self.bands], _),
        )


@dataclass(frozen=True)
class ValueBandIs(Condition):
    """The customer is in one of the bands of expected value."""

    kind: ClassVar[str] = "value_band"
    title: ClassVar[str] = N_("Expected value")
    is_learned: ClassVar[bool] = True
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Values("bands", N_("Value band"), {}, options={name: name for name in VALUE_BANDS}),
        Choice("horizon", N_("Look ahead"), VALUE_HORIZONS),
    )

    bands: tuple[str, ...]
    horizon: str

    def members(self, ground: Ground) -> Ids:
        params = ValueParams(ground.as_of, int(self.horizon))
        banded = _once(ground, ("value", self.horizon), lambda: self._banded(ground, params))
        return sorted_ids(banded.loc[banded["band"].isin(self.bands), "customer_id"])

    def _banded(self, ground: Ground, params: ValueParams) -> pd.DataFrame:
        try:
            return value_bands(ground.tables, params)
        except AnalysisRefused as refused:
            raise AnalysisRefused(
                "This rule asks for the expected value, and the forecast is refused: {reason} So nobody can be said to "
                "meet it or not.",
                reason=FieldError(refused.template, refused.params),
            ) from refused

    def words(self, _: Translator, formats: Formats) -> str:  # noqa: ARG002
        return _(
            "value band for the next {horizon} is {bands}",
            horizon=_(VALUE_HORIZONS[self.horizon]),
            bands=or_words([_(band) for band in self.bands], _),
        )


def _once(ground: Ground, key: tuple[str, str], compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """What is computed once a ground, a refusal included: several conditions and segments may ask the same."""

    def kept() -> pd.DataFrame | AnalysisRefused:
        try:
            return compute()
        except AnalysisRefused as refused:
            return refused

    found = ground.once(key, kept)
    if isinstance(found, AnalysisRefused):
        raise found
    return found
