"""Who an analysis is about: those who meet a rule, or those on a list. Both fit into an analysis' parameters."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

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
            _unpacked(self.listed)

    @classmethod
    def by_rule(cls, definition: Any) -> Self:
        """Those who meet the rule that JSON spells; Invalid if it is none."""
        return cls(rule=dumps(parse(definition)))

    @classmethod
    def by_list(cls, ids: Collection[int] | Ids) -> Self:
        """The customers with these keys, in any order."""
        return cls(listed=_packed(np.unique(np.fromiter(ids, dtype=np.int64, count=len(ids)))))

    def members(self, ground: Ground) -> Ids:
        """The customers, rising, of those within the scope of the ground."""
        if self.rule:
            return loads(self.rule).members(ground)
        return np.intersect1d(_unpacked(self.listed), ground.customers, assume_unique=True)


def _packed(ids: Ids) -> str:
    """The steps from key to key, compressed: about a byte a customer. Never empty, so that nobody is a list too."""
    return b64encode(zlib.compress(np.diff(ids, prepend=0).astype("<i8").tobytes())).decode()


def _unpacked(text: str) -> Ids:
    try:
        ids: Ids = np.cumsum(np.frombuffer(zlib.decompress(b64decode(text, validate=True)), dtype="<i8"))
    except (ValueError, zlib.error) as error:
        raise Invalid({"listed": FieldError("The list of customers is damaged.")}) from error
    return ids
