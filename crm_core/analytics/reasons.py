"""Why a customer scores as they do, in words with units: what adds to the risk and what takes from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_core.analytics.features import Feature
from crm_core.analytics.scorecard import INPUTS, Scorecard
from crm_core.formats import NO_DATA, Formats
from crm_core.translation import Translator


@dataclass(frozen=True)
class Reason:
    """One input of a score: its value, the median customer's, and the log-odds it adds against the average."""

    feature: Feature
    value: float | None
    typical: float | None
    points: float

    def text(self, _: Translator, formats: Formats) -> str:
        """Time since the last purchase: 123 days (typically 40 days)."""
        label, value = _(self.feature.label), said(self.feature, self.value, _, formats)
        if self.typical is None:
            return _("{label}: {value}", label=label, value=value)
        typical = said(self.feature, self.typical, _, formats)
        return _("{label}: {value} (typically {typical})", label=label, value=value, typical=typical)


def reasons_of(card: Scorecard, features: pd.DataFrame) -> list[list[Reason]]:
    """Every customer's reasons, the weightiest first; with `card.base` their points add up to the log-odds."""
    typical = dict(zip(card.typical["feature"], card.typical["value"], strict=True))
    parts = card.contributions(features)
    found = []
    for (_index, row), points in zip(features.iterrows(), parts, strict=True):
        order = np.argsort(-np.abs(points), kind="stable")
        each = [
            Reason(INPUTS[j], _known(row[INPUTS[j].name]), _known(typical[INPUTS[j].name]), float(points[j]))
            for j in order
            if points[j] != 0
        ]
        found.append(each)
    return found


def said(feature: Feature, value: float | None, _: Translator, formats: Formats) -> str:
    """A feature's value in the reader's words: 123 days, 4, €12.50, 30.0%, 1.4 times, yes."""
    if value is None:
        return NO_DATA
    match feature.unit:
        case "days":
            return _.ngettext("{n} day", "{n} days", round(value))
        case "count":
            return formats.number(round(value))
        case "money":
            return formats.money(value)
        case "share":
            return formats.percent(value)
        case "times":
            return _("{n} times", n=formats.number(value, 1))
        case "yes":
            return _("Yes") if value else _("No")
        case "number":
            return formats.number(value, 2)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
