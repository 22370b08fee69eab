"""All-of and any-of over conditions, nested; as JSON, as members, as a sentence.

{"all": [condition, {"any": [condition, condition]}]}      a condition is an object with its kind under "is"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, TypeAlias

import numpy as np

from crm_core.analytics.segment_rules.condition import Condition
from crm_core.analytics.segment_rules.ground import Ground, Ids
from crm_core.analytics.segment_rules.kinds import KINDS
from crm_core.errors import FieldError, Invalid
from crm_core.formats import Formats
from crm_core.translation import Translator

MOST_CONDITIONS = 30
DEEPEST = 3

Part: TypeAlias = "Condition | Rule"


@dataclass(frozen=True)
class Rule:
    """Customers for whom all of the parts hold, or any of them."""

    combine: Literal["all", "any"]
    parts: tuple[Part, ...]

    @property
    def is_learned(self) -> bool:
        """Whether any of its conditions learns a model for each day."""
        return any(part.is_learned for part in self.parts)

    def members(self, ground: Ground) -> Ids:
        """The customers it holds for, within the scope of the ground.

        Raises:
            AnalysisRefused: the records cannot carry a model that one of the conditions asks for.
        """
        found = [np.intersect1d(part.members(ground), ground.customers, assume_unique=True) for part in self.parts]
        return reduce(np.intersect1d if self.combine == "all" else np.union1d, found)

    def words(self, _: Translator, formats: Formats) -> str:
        """The rule as a sentence without its full stop, in the reader's language."""
        said = [
            _("({group})", group=part.words(_, formats)) if isinstance(part, Rule) else part.words(_, formats)
            for part in self.parts
        ]
        return (_(" and ") if self.combine == "all" else _(" or ")).join(said)


def parse(data: Any) -> Rule:
    """The rule that JSON spells.

    Raises:
        Invalid: it is no rule, has no or too many conditions, is nested too deep, or a condition is not one that is
            known, with values it can have; what is wrong is said by the condition's place, such as "2.values".
    """
    rule = _rule(data, "", 1)
    if _count(rule) > MOST_CONDITIONS:
        most = {"most": MOST_CONDITIONS}
        raise Invalid({"definition": FieldError("A rule has at most {most} conditions.", most)})
    return rule


def written(rule: Rule) -> dict[str, Any]:
    """The rule as JSON; `parse` reads it back equal."""
    parts = [written(part) if isinstance(part, Rule) else part.write() for part in rule.parts]
    return {rule.combine: parts}


def dumps(rule: Rule) -> str:
    """The rule as one line of JSON, the same for equal rules."""
    return json.dumps(written(rule), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Rule:
    """The rule that `dumps` wrote; Invalid for anything else."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Invalid({"definition": FieldError("A rule is an object of conditions.")}) from error
    return parse(data)


def _rule(data: Any, place: str, depth: int) -> Rule:
    key = next(iter(data)) if isinstance(data, Mapping) and len(data) == 1 else None
    here = place.rstrip(".") or "definition"
    if key not in ("all", "any") or not isinstance(data[key], list):
        raise Invalid({here: FieldError("A rule is an object of conditions.")})
    if depth > DEEPEST:
        raise Invalid({here: FieldError("Rules are nested at most {deepest} deep.", {"deepest": DEEPEST})})
    if not data[key]:
        raise Invalid({here: FieldError("A rule needs at least one condition.")})
    parts: list[Part] = []
    errors: dict[str, FieldError] = {}
    for number, part in enumerate(data[key], start=1):
        at = f"{place}{number}"
        try:
            is_condition = isinstance(part, Mapping) and "is" in part
            parts.append(_condition(part) if is_condition else _rule(part, f"{at}.", depth + 1))
        except Invalid as error:
            errors |= {name if name.startswith(at) else f"{at}.{name}": what for name, what in error.fields.items()}
    if errors:
        raise Invalid(errors)
    return Rule("all" if key == "all" else "any", tuple(parts))


def _condition(data: Mapping[str, Any]) -> Condition:
    kind = KINDS.get(str(data["is"]))
    if kind is None:
        raise Invalid({"is": FieldError("There is no condition '{kind}'.", {"kind": str(data["is"])[:40]})})
    return kind.read(data)


def _count(rule: Rule) -> int:
    return sum(_count(part) if isinstance(part, Rule) else 1 for part in rule.parts)
