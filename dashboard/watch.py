"""What the server does by itself: it checks the alerts, so that they fire though nobody looks."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from anyio import to_thread

from crm_core.analytics.alert_run import refresh_and_check
from crm_core.errors import CrmError
from crm_core.workspace import Workspace

_log = logging.getLogger(__name__)


async def watch_alerts(workspace: Workspace, *, every: float) -> None:
    """For ever: after so many seconds read what changed and check every alert."""
    check = partial(refresh_and_check, workspace.warehouse, workspace.analyses, workspace.database)
    while True:
        await asyncio.sleep(every)
        try:
            await to_thread.run_sync(check, abandon_on_cancel=True)
        except CrmError as error:
            _log.warning("alerts cannot be checked: %s", error)
        except Exception:  # noqa: BLE001  # the watch goes on; what went wrong is in the log with its trace
            _log.exception("alerts cannot be checked")
