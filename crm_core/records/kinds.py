"""Every kind of record that shares one list, one form, one history and one bulk edit."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.records.deals import DEALS
from crm_core.records.order_kind import ORDERS
from crm_core.records.products import PRODUCTS
from crm_core.records.record_kind import RecordKind
from crm_core.records.relations import ACTIVITIES, CONTACTS, NEEDS, TASKS
from crm_core.records.tickets import TICKETS

KINDS: Mapping[str, RecordKind] = {
    kind.table: kind for kind in (TICKETS, DEALS, NEEDS, ACTIVITIES, TASKS, CONTACTS, PRODUCTS, ORDERS)
}
"""By the name of their table."""
