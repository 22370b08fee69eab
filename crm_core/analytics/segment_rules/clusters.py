"""Being in a cluster, as it was found on one day: customers of later days are placed by the same yardstick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from crm_core.analytics import clustering as clusterings
from crm_core.analytics.clustering import Clustering
from crm_core.analytics.segment_rules.condition import Condition
from crm_core.analytics.segment_rules.ground import Ground, Ids, sorted_ids
from crm_core.analytics.segment_rules.parameters import Parameter
from crm_core.errors import FieldError, Invalid
from crm_core.formats import Formats
from crm_core.translation import N_, Translator


@dataclass(frozen=True)
class ClusterIs(Condition):
    """The customer falls into one group of a clustering, whose scaling and centres are kept in the condition itself."""

    kind: ClassVar[str] = "cluster"
    title: ClassVar[str] = N_("Cluster")
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    is_offered: ClassVar[bool] = False

    clustering: Clustering
    segment: int

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """The condition that `write` wrote.

        Raises:
            Invalid: the clustering cannot be read, or has no such group.
        """
        stored = data.get("clustering")
        if not isinstance(stored, Mapping):
            raise Invalid({"clustering": FieldError("A rule is an object of conditions.")})
        found = clusterings.read(stored)
        segment = data.get("segment")
        if str(segment) not in found.keys:
            raise Invalid({"segment": FieldError("There is no segment {segment}.", {"segment": str(segment)[:40]})})
        return cls(found, int(str(segment)))

    def write(self) -> dict[str, Any]:
        return {"is": self.kind, "clustering": clusterings.written(self.clustering), "segment": self.segment}

    def members(self, ground: Ground) -> Ids:
        placed = self.clustering.customers(ground.tables, ground.as_of)
        return sorted_ids(placed.loc[placed["segment"] == self.segment, "customer_id"])

    def words(self, _: Translator, formats: Formats) -> str:
        group = next(group for group in self.clustering.groups if group.number == self.segment)
        name = _(group.name) if group.name_number == 1 else f"{_(group.name)} {group.name_number}"
        return _("in the cluster “{name}” found on {day}", name=name, day=formats.date(self.clustering.as_of))
