"""The gate before everything the process serves: without a valid session nothing answers but sign-in and health.

Browsers asking for a page are sent to sign in; everything else, Streamlit's websocket, media, uploads, front end and
the API included, is refused. Open websockets end with their session.
"""

from __future__ import annotations

import asyncio
import logging
from posixpath import normpath
from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.errors import StorageFailed
from crm_core.records import sessions
from crm_core.records.sessions import SignedIn
from dashboard.headers import SECURITY_HEADERS, STRICT_TRANSPORT, content_security_policy
from dashboard.origin import is_from_here
from dashboard.sockets import Sockets

OPEN_PATHS = frozenset(
    {"/sign-in", "/sign-in/style.css", "/sign-in/icon.svg", "/sign-out", "/first-admin", "/set-password", "/healthz"}
)
"""What answers without a session, compared exactly: no prefix, so nothing can hide behind one."""

_MACHINE_PREFIXES = ("/_stcore", "/static", "/media", "/component", "/app", "/auth", "/oauth2callback", "/api")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_FOREIGN = "This was sent from another site."  # not translated: machines read it
_SIGNED_OUT = "You are signed out. Reload this page to sign in."  # not translated: machines read it
_NOT_YOURS = "There is no such file."  # not translated: machines read it
_UNAVAILABLE = "The database does not answer. Try again in a moment."  # not translated: machines read it

_log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware that lets a request through only with a valid session, and adds the security headers."""

    def __init__(self, app: ASGIApp, *, database: Database, sockets: Sockets, settings: Settings) -> None:
        self.app = app
        self.database = database
        self.sockets = sockets
        self.is_secure = settings.is_cookie_secure
        self.public_url = settings.public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or websocket, or pass it on."""
        if scope["type"] == "http":
            await self._http(scope, receive, _with_headers(scope["path"], send, is_secure=self.is_secure))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: Response | None = None
        if scope["path"] not in OPEN_PATHS:
            try:
                signed_in = await self._signed_in(scope)
                if signed_in is None:
                    answer = _refusal(scope)
                elif _is_media(scope) and not self.sockets.may_fetch(signed_in.session_id, scope["path"]):
                    answer = PlainTextResponse(_NOT_YOURS, 404)
                elif scope["method"] not in _SAFE_METHODS and not self._is_from_here(scope):
                    answer = PlainTextResponse(_FOREIGN, 403)
            except StorageFailed as error:
                _log.error("a session cannot be looked up: %s", error)
                answer = PlainTextResponse(_UNAVAILABLE, 503, {"Retry-After": "5"})
        await (answer or self.app)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            signed_in = await self._signed_in(scope)
        except StorageFailed as error:
            _log.error("a session cannot be looked up: %s", error)
            signed_in = None
        if signed_in is None or not self._is_from_here(scope):
            await receive()  # websocket.connect
            code, reason = (4401, _SIGNED_OUT) if signed_in is None else (1008, _FOREIGN)
            await send({"type": "websocket.close", "code": code, "reason": reason})
            return
        scope = _at_the_address_people_use(scope)
        await self.sockets.serve(self.app, scope, receive, send, session_id=signed_in.session_id)

    def _is_from_here(self, scope: Scope) -> bool:
        """Stricter than Streamlit, which also takes any port of this machine and asks another site for its address."""
        return is_from_here(HTTPConnection(scope), public_url=self.public_url)

    async def _signed_in(self, scope: Scope) -> SignedIn | None:
        token = HTTPConnection(scope).cookies.get(sessions.COOKIE)
        if not token:
            return None
        return await to_thread.run_sync(sessions.actor_for, self.database, token)


async def end_dead_sockets(
    database: Database, sockets: Sockets, *, every: float = 15, prune_every: float = 3600
) -> None:
    """For ever: close the websockets whose session ended elsewhere or ran out, and remove the rows of what is over."""
    waited = prune_every
    while True:
        try:
            if open_ids := sockets.session_ids():
                sockets.end(open_ids - await to_thread.run_sync(sessions.alive, database, open_ids))
            if waited >= prune_every:
                waited = 0  # first: a database that can only be read is not asked again at once
                await to_thread.run_sync(sessions.prune, database)
        except StorageFailed as error:
            _log.warning("open sessions cannot be checked: %s", error)
        await asyncio.sleep(every)
        waited += every


def _is_media(scope: Scope) -> bool:
    """Whether this asks for a file of someone's page, however it spells the path."""
    path: str = scope["path"]
    return normpath("/" + path.lstrip("/")).split("/")[1] == "media"


def _refusal(scope: Scope) -> Response:
    path: str = scope["path"]
    first = "/" + path.lstrip("/").partition("/")[0]
    is_machine = first in _MACHINE_PREFIXES or "." in path.rpartition("/")[2]
    if first == "/api":
        return JSONResponse({"code": "signed_out", "message": "Sign in first."}, 401)  # not translated: JSON
    if scope["method"] not in {"GET", "HEAD"} or is_machine:
        return PlainTextResponse(_SIGNED_OUT, 401)
    query = scope["query_string"].decode("latin-1")
    wanted = quote(path) + (f"?{query}" if query else "")
    return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}", 303)


def _at_the_address_people_use(scope: Scope) -> Scope:
    """The websocket's request as if its Host were its origin's, which a proxy may have replaced.

    Streamlit compares the two and else looks for this machine's address on the internet.
    """
    origin = HTTPConnection(scope).headers.get("origin")
    if origin is None:
        return scope
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {**scope, "headers": [*others, (b"host", urlsplit(origin).netloc.encode("latin-1"))]}


def _with_headers(path: str, send: Send, *, is_secure: bool) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", content_security_policy())
            if is_secure:
                headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            if not path.startswith(("/static/", "/sign-in/")):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return send_with_headers
