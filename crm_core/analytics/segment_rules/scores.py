"""Conditions on what other analyses say of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crm_core.analytics.rfm import SEGMENT_RULES, RfmMembersParams, rfm_members
from crm_core.analytics.segment_rules.condition import Condition, negated, or_words
from crm_core.analytics.segment_rules.ground import Ground, Ids, sorted_ids
from crm_core.analytics.segment_rules.parameters import Choice, Parameter, Score, Values
from crm_core.analytics.segment_rules.records import IS, IS_NOT, IS_OR_NOT
from crm_core.formats import Formats
from crm_core.translation import N_, Translator


@dataclass(frozen=True)
class RfmSegmentIs(Condition):
    """The customer's named RFM segment on the day; who never bought is in none."""

    kind: ClassVar[str] = "rfm_segment"
    title: ClassVar[str] = N_("Segment by recency, frequency and value")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Choice("op", N_("Comparison"), IS_OR_NOT),
        Values("segments", N_("Segments"), {}, options={rule.name: rule.name for rule in SEGMENT_RULES}),
    )

    op: str
    segments: tuple[str, ...]

    def members(self, ground: Ground) -> Ids:
        scored = ground.once("rfm", lambda: rfm_members(ground.tables, RfmMembersParams(ground.as_of)).members)
        found = sorted_ids(scored.loc[scored["segment"].isin(self.segments), "customer_id"])
        return negated(found, ground, is_negated=self.op == IS_NOT)

    def words(self, _: Translator, formats: Formats) -> str:  # noqa: ARG002
        values = or_words([_(name) for name in self.segments], _)
        template = N_("RFM segment is {values}") if self.op == IS else N_("RFM segment is not {values}")
        return _(template, values=values)


@dataclass(frozen=True)
class RfmScoresAre(Condition):
    """The customer's recency and frequency scores on the day, each from 1 (lowest) to 5: one cell of the grid."""

    kind: ClassVar[str] = "rfm_scores"
    title: ClassVar[str] = N_("Recency and frequency score")
    parameters: ClassVar[tuple[Parameter, ...]] = (Score("r", N_("Recency")), Score("f", N_("Frequency")))

    r: int
    f: int

    def members(self, ground: Ground) -> Ids:
        scored = ground.once("rfm", lambda: rfm_members(ground.tables, RfmMembersParams(ground.as_of)).members)
        return sorted_ids(scored.loc[(scored["r"] == self.r) & (scored["f"] == self.f), "customer_id"])

    def words(self, _: Translator, formats: Formats) -> str:  # noqa: ARG002
        return _("recency score is {r} and frequency score is {f}", r=self.r, f=self.f)
