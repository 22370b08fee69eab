"""The columnar snapshot of the records: analyses read it, never the live database.

`Warehouse` refreshes and opens it; a `Snapshot` is one version being read, `Tables` what a scope sees of it.
"""

from crm_core.warehouse.refresh import RefreshResult
from crm_core.warehouse.snapshot import Snapshot, Tables, open_snapshot
from crm_core.warehouse.warehouse import Staleness, Warehouse

__all__ = ["RefreshResult", "Snapshot", "Staleness", "Tables", "Warehouse", "open_snapshot"]
