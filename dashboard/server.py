"""The process: Streamlit's application, the routes beside it, and the gate before them all.

`rapport serve` runs it; `uvicorn dashboard.server:create_app --factory` does the same with another server's options.
Settings come from RAPPORT_* variables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
import streamlit.config
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from crm_core.api.app import create_api
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.errors import CrmError
from crm_core.records.demo_accounts import refuse_public_demo
from crm_core.workspace import Workspace
from dashboard import one_time_links, scripts, session, sign_in
from dashboard.door import Door
from dashboard.gate import Gate, end_dead_sockets
from dashboard.sockets import Sockets
from dashboard.watch import watch_alerts

ROOT = Path(__file__).resolve().parent.parent


def create_app() -> st.App:
    """The application of the workspace the environment names; it is created or upgraded first.

    Raises:
        ConfigError: a setting cannot work or is not safe, or a demo would be served to other machines.
        StorageFailed: the database cannot be opened.
    """
    if streamlit.config._main_script_path is None:  # .streamlit/config.toml counts from any working directory
        streamlit.config._main_script_path = str(ROOT / "rapport")
    workspace = session.workspace()
    settings = workspace.settings
    refuse_public_demo(settings, is_demo=workspace.is_demo)
    sockets = Sockets()
    door = Door(workspace.database, settings, sockets, is_demo=workspace.is_demo)
    return st.App(
        ROOT / "dashboard" / "app.py",
        routes=[
            *sign_in.routes(door),
            *one_time_links.routes(door),
            *scripts.routes(),
            Route("/healthz", partial(_health, workspace.database)),
            Mount("/api/v1", app=create_api(workspace)),
        ],
        middleware=[Middleware(Gate, database=workspace.database, sockets=sockets, settings=settings)],
        lifespan=partial(_lifespan, workspace, sockets),
    )


@asynccontextmanager
async def _lifespan(workspace: Workspace, sockets: Sockets, _app: Any) -> AsyncGenerator[None, None]:
    tasks = [asyncio.create_task(end_dead_sockets(workspace.database, sockets))]
    if minutes := workspace.settings.alerts_minutes:
        tasks.append(asyncio.create_task(watch_alerts(workspace, every=minutes * 60)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        session.workspace.clear()  # closes the workspace: its worker and its connections


async def _health(database: Database, _request: Request) -> Response:
    """200 when the database answers and is of this version, else 503. Says no more: anyone may ask."""
    try:
        await to_thread.run_sync(schema.require_current, database)
    except CrmError:
        return JSONResponse({"status": "unavailable"}, 503)
    return JSONResponse({"status": "ok"})
