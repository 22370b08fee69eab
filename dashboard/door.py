"""What the routes before sign-in share: small forms, the session cookie, the reader's language."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qs, urlencode

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.errors import StorageFailed
from crm_core.records import sessions
from crm_core.records.demo_accounts import DEMO_ACCOUNTS, DemoAccount, is_loopback
from crm_core.records.sign_in import NewSession
from crm_core.translation import LANGUAGES, Translator, match_language, translate_error, translator
from dashboard import door_pages
from dashboard.headers import PLAIN_PAGE_POLICY
from dashboard.origin import is_from_here
from dashboard.sockets import Sockets

LANGUAGE_COOKIE = "rapport_language"
SIGN_IN = "/sign-in"

_FORM_BYTES = 16 * 1024
_LOOKS_AT_ONCE = 2  # each look at a password takes 46 MiB and a core for a tenth of a second
_YEAR = 365 * 24 * 3600

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Door:
    """What the routes before sign-in work with."""

    database: Database
    settings: Settings
    sockets: Sockets
    is_demo: bool
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_LOOKS_AT_ONCE))

    @property
    def idle(self) -> timedelta:
        """How long a session lasts without use."""
        return timedelta(hours=self.settings.session_hours)

    @property
    def demo_accounts(self) -> tuple[DemoAccount, ...]:
        """The accounts to offer: those of a demo that only this machine can reach."""
        return DEMO_ACCOUNTS if self.is_demo and is_loopback(self.settings.host) else ()

    async def look_at_password(self, work: Callable[[], T]) -> T:
        """Run what hashes a password in a thread, a few at a time: guessing cannot take all memory or threads."""
        return await to_thread.run_sync(work, limiter=self.limiter)


Page = Callable[[Door, Request], Awaitable[Response]]
FormAction = Callable[[Door, Request, dict[str, str]], Awaitable[Response]]


def endpoint(door: Door, show: Page, act: FormAction) -> Callable[[Request], Awaitable[Response]]:
    """A route that shows a form on GET and acts on it on POST, if the form was sent from here.

    A database that cannot be read or written is said in words: a full disk must not look like a broken program.
    """

    async def answer(request: Request) -> Response:
        try:
            return await answer_or_fail(request)
        except StorageFailed as error:
            _log.error("%s cannot be answered: %s", request.url.path, error)
            _ = reader(request)
            page = door_pages.message_page(_, title=_("This does not work now"), message=translate_error(error, _))
            return html(page, 503)

    async def answer_or_fail(request: Request) -> Response:
        if request.method != "POST":
            return _switch_language(door, request) or await show(door, request)
        _ = reader(request)
        if not is_from_here(request, public_url=door.settings.public_url):
            message = _("This form was sent from another site. Open the sign-in page and try again.")
            return html(door_pages.message_page(_, title=_("Not sent from here"), message=message), 403)
        form = await _read_form(request)
        if form is None:
            message = _("The form is larger than any of ours. Open the sign-in page and try again.")
            return html(door_pages.message_page(_, title=_("Too large"), message=message), 413)
        return await act(door, request, form)

    return answer


def reader(request: Request) -> Translator:
    """The reader's language: the one chosen on these pages, else the one their browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return translator(chosen if chosen in LANGUAGES else match_language(request.headers.get("accept-language", "")))


def html(page: str, status: int = 200) -> HTMLResponse:
    """A plain page that loads nothing but its own style and icon."""
    return HTMLResponse(page, status, {"Content-Security-Policy": PLAIN_PAGE_POLICY, "Vary": "Accept-Language, Cookie"})


def with_cookie(answer: Response, door: Door, begun: NewSession) -> Response:
    """The answer that signs this browser in. No script can read the cookie and no other site's form can send it."""
    answer.set_cookie(
        sessions.COOKIE,
        begun.token,
        max_age=int(sessions.LONGEST.total_seconds()),
        path="/",
        secure=door.settings.is_cookie_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def without_cookie(answer: Response, door: Door) -> Response:
    """The answer that takes the cookie from this browser."""
    answer.delete_cookie(
        sessions.COOKIE, path="/", secure=door.settings.is_cookie_secure, httponly=True, samesite="lax"
    )
    return answer


async def end_current(door: Door, request: Request) -> None:
    """End the session of this browser's cookie, if there is one, and close its websockets."""
    ended = await to_thread.run_sync(sessions.sign_out, door.database, request.cookies.get(sessions.COOKIE))
    if ended is not None:
        door.sockets.end([ended], lead_to=SIGN_IN)


def _switch_language(door: Door, request: Request) -> Response | None:
    """`?language=` sets the cookie and leads to the same page without it."""
    language = request.query_params.get("language")
    if language is None:
        return None
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "language"]
    answer = RedirectResponse(request.url.path + (f"?{urlencode(rest)}" if rest else ""), 303)
    if language in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=_YEAR, path="/", secure=door.settings.is_cookie_secure, samesite="lax"
        )
    return answer


async def _read_form(request: Request) -> dict[str, str] | None:
    """The form's fields, or None where it is larger than any form here."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}
