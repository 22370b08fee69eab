"""The scripts of our own that a page may load; behind the gate like everything else."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

FOCUS_PATH = "/scripts/focus.js"
_FOCUS = Path(__file__).resolve().parent / "static" / "focus.js"


def routes() -> list[Route]:
    """One route a script."""
    return [Route(FOCUS_PATH, _focus)]


async def _focus(_request: Request) -> Response:
    return FileResponse(_FOCUS, media_type="text/javascript")
