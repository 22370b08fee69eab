"""The scripts of our own that a page may load; behind the gate like everything else."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

FOCUS_PATH, LANGUAGE_PATH = "/scripts/focus.js", "/scripts/language.js"
_STATIC = Path(__file__).resolve().parent / "static"


def routes() -> list[Route]:
    """One route a script."""
    return [Route(path, _script) for path in (FOCUS_PATH, LANGUAGE_PATH)]


async def _script(request: Request) -> Response:
    return FileResponse(_STATIC / Path(request.url.path).name, media_type="text/javascript")
