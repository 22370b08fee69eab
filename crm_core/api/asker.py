"""Who asks the API."""

from __future__ import annotations

from typing import TypeAlias

from fastapi import HTTPException, Request

from crm_core.records import sessions
from crm_core.records.sessions import SignedIn
from crm_core.workspace import Workspace

Asker: TypeAlias = SignedIn


def workspace_of(request: Request) -> Workspace:
    """The workspace this API serves."""
    found: Workspace = request.app.state.workspace
    return found


def signed_in(request: Request) -> Asker:
    """Who the session cookie stands for; 401 where it stands for nobody."""
    found = sessions.actor_for(workspace_of(request).database, request.cookies.get(sessions.COOKIE))
    if found is None:
        raise HTTPException(401, "Sign in first.")
    return found
