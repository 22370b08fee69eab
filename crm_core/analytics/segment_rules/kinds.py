"""Every kind of condition there is: add one here, and rules, pages, API and command line know it."""

from __future__ import annotations

from crm_core.analytics.segment_rules.buying import Bought, Measured
from crm_core.analytics.segment_rules.clusters import ClusterIs
from crm_core.analytics.segment_rules.condition import Condition
from crm_core.analytics.segment_rules.predictions import ChurnRiskIs, ValueBandIs
from crm_core.analytics.segment_rules.records import Consent, FieldIs
from crm_core.analytics.segment_rules.scores import RfmScoresAre, RfmSegmentIs

_ALL: tuple[type[Condition], ...] = (
    FieldIs,
    Consent,
    Measured,
    Bought,
    RfmSegmentIs,
    RfmScoresAre,
    ChurnRiskIs,
    ValueBandIs,
    ClusterIs,
)

KINDS = {condition.kind: condition for condition in _ALL}
"""The conditions by what they are called in JSON, in the order they are offered."""
