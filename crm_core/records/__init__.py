"""Services that read and write records: each takes the session and the actor, and checks the permission itself."""

from crm_core.records import record_search as _record_search  # noqa: F401  (the same for every other kind of record)
from crm_core.records import search as _search  # noqa: F401  (keeps search terms in step with every customer written)
