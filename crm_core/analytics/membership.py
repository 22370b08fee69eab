"""Who an analysis is about: those who meet a rule, or those on a list. Both fit into an analysis' parameters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.segment_rules import Ground, Ids, dumps, loads, parse
from crm_core.errors import FieldError, Invalid


@dataclass(frozen=True)
class Who:
    """A rule in JSON, or the keys of customers, packed; make one with `by_rule` or `by_list`.

    Raises:
        Invalid: neither or both, or a rule or list that cannot be read.
    """

    rule: str = ""
    listed: str = ""

    def __post_init__(self) -> None:
        if bool(self.rule) == bool(self.listed):
            raise Invalid({"who": FieldError("Give either a rule or a list of customers.")})
        if self.rule:
            loads(self.rule)
        else:
            CustomerList(self.listed)

    @classmethod
    def by_rule(cls, definition: Any) -> Self:
        """Those who meet the rule that JSON spells; Invalid if it is none."""
        return cls(rule=dumps(parse(definition)))

    @classmethod
    def by_list(cls, ids: Collection[int] | Ids) -> Self:
        """The customers with these keys, in any order."""
        return cls(listed=CustomerList.of(ids).packed)

    def members(self, ground: Ground) -> Ids:
        """The customers, rising, of those within the scope of the ground."""
        if self.rule:
            return loads(self.rule).members(ground)
        return np.intersect1d(CustomerList(self.listed).ids(), ground.customers, assume_unique=True)
