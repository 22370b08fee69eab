"""What a condition of a rule is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from crm_core.analytics.segment_rules.ground import Ground, Ids
from crm_core.analytics.segment_rules.parameters import Parameter
from crm_core.errors import FieldError, Invalid
from crm_core.formats import Formats
from crm_core.translation import Translator


class Condition(ABC):
    """Something that holds for a customer or does not; where it cannot be known, it does not hold.

    A subclass is a frozen dataclass with one field for each of its `parameters`, under the same name. `kind` is what it
    is called in JSON for good, `title` what a page calls it (English, translated where shown). Conditions that only a
    page of an analysis can make, such as a cluster, are not offered for choosing. One that `is_learned` learns a model
    for each day it is asked for, which takes a while and may be refused.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    is_offered: ClassVar[bool] = True
    is_learned: ClassVar[bool] = False

    @abstractmethod
    def members(self, ground: Ground) -> Ids:
        """The customers it holds for.

        Raises:
            AnalysisRefused: the records cannot carry the model it asks for.
        """

    @abstractmethod
    def words(self, _: Translator, formats: Formats) -> str:
        """The condition as part of a sentence, in the reader's language."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The condition that `write` wrote.

        Raises:
            Invalid: a value that cannot be, or one the condition does not know; by parameter.
        """
        known = {parameter.name for parameter in cls.parameters}
        if unknown := sorted(set(data) - known - {"is"}):
            raise Invalid({unknown[0]: FieldError("This condition has no '{name}'.", {"name": unknown[0]})})
        values: dict[str, Any] = {}
        errors: dict[str, FieldError] = {}
        for parameter in cls.parameters:
            try:
                values[parameter.name] = parameter.read(data.get(parameter.name))
            except Invalid as error:
                errors |= error.fields
        if errors:
            raise Invalid(errors)
        return cls(**values)

    def write(self) -> dict[str, Any]:
        """The condition as JSON: its kind under "is", then its parameters."""
        return {"is": self.kind} | {
            parameter.name: parameter.write(getattr(self, parameter.name)) for parameter in self.parameters
        }


def negated(ids: Ids, ground: Ground, *, is_negated: bool) -> Ids:
    """The customers, or everybody else."""
    return np.setdiff1d(ground.customers, ids, assume_unique=True) if is_negated else ids


def or_words(values: list[str], _: Translator) -> str:
    """Alternatives in words."""
    return _(" or ").join(values)
