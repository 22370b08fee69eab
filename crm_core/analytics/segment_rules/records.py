"""Conditions on what a customer's record says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import narwhals as nw

from crm_core.analytics.measures import collected
from crm_core.analytics.segment_rules.condition import Condition, negated, or_words
from crm_core.analytics.segment_rules.ground import Ground, Ids, sorted_ids
from crm_core.analytics.segment_rules.parameters import Choice, Parameter, Values
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

FIELDS = {
    "country": N_("Country"),
    "region": N_("Region"),
    "city": N_("City"),
    "kind": N_("Kind"),
    "language": N_("Language"),
    "source": N_("Source"),
}
KINDS_OF_CUSTOMER = {"person": N_("Person"), "organisation": N_("Organisation")}
IS, IS_NOT = "is", "is_not"
IS_OR_NOT = {IS: N_("is"), IS_NOT: N_("is not")}
_CONSENT = {"yes": True, "no": False, "never": None}


@dataclass(frozen=True)
class FieldIs(Condition):
    """A field of the record has one of the values, or none of them; an empty field has none."""

    kind: ClassVar[str] = "field"
    title: ClassVar[str] = N_("Customer's record")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Choice("field", N_("Field"), FIELDS),
        Choice("op", N_("Comparison"), IS_OR_NOT),
        Values("values", N_("Values"), {name: f"customers.{name}" for name in FIELDS}, by="field"),
    )

    field: str
    op: str
    values: tuple[str, ...]

    def members(self, ground: Ground) -> Ids:
        has_value = nw.col(self.field).is_in(list(self.values))
        found = sorted_ids(collected(ground.tables.customers.filter(has_value).select("id"))["id"])
        return negated(found, ground, is_negated=self.op == IS_NOT)

    def words(self, _: Translator, formats: Formats) -> str:
        values = or_words([value_label(self.field, value, _, formats) for value in self.values], _)
        template = N_("{field} is {values}") if self.op == IS else N_("{field} is not {values}")
        return _(template, field=_(FIELDS[self.field]), values=values)


@dataclass(frozen=True)
class Consent(Condition):
    """What the customer answered when asked for their agreement to marketing."""

    kind: ClassVar[str] = "consent"
    title: ClassVar[str] = N_("Agreement to marketing")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Choice(
            "answer",
            N_("Answer"),
            {"yes": N_("Agreed to marketing"), "no": N_("Refused marketing"), "never": N_("Never asked")},
        ),
    )

    answer: str

    def members(self, ground: Ground) -> Ids:
        wanted, consent = _CONSENT[self.answer], nw.col("has_marketing_consent")
        has_answer = consent.is_null() if wanted is None else consent if wanted else ~consent
        return sorted_ids(collected(ground.tables.customers.filter(has_answer).select("id"))["id"])

    def words(self, _: Translator, formats: Formats) -> str:  # noqa: ARG002
        said = {
            "yes": N_("agreed to marketing"),
            "no": N_("refused marketing"),
            "never": N_("was never asked about marketing"),
        }
        return _(said[self.answer])


def value_label(field: str, value: str, _: Translator, formats: Formats) -> str:
    """A field's value as a reader calls it: countries and languages by name."""
    if field == "country":
        return str(formats.locale.territories.get(value, value))
    if field == "language":
        return str(formats.locale.languages.get(value, value))
    return _(KINDS_OF_CUSTOMER[value]) if field == "kind" and value in KINDS_OF_CUSTOMER else value
