"""/sign-in and /sign-out: plain forms that begin and end a session."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from crm_core.errors import SignInFailed, TooManyTries
from crm_core.records import sessions, sign_in
from crm_core.records.demo_accounts import DEMO_PASSWORD
from crm_core.translation import translate_error
from dashboard import door_pages
from dashboard.door import SIGN_IN, Door, end_current, endpoint, html, reader, with_cookie, without_cookie
from dashboard.origin import local_path


def routes(door: Door) -> list[Route]:
    """Signing in and out, and the two files those pages load."""
    return [
        Route("/sign-in", endpoint(door, _show_sign_in, _sign_in), methods=["GET", "POST"]),
        Route("/sign-out", endpoint(door, _show_sign_out, _sign_out), methods=["GET", "POST"]),
        Route("/sign-in/style.css", _style),
        Route("/sign-in/icon.svg", _icon),
    ]


async def _show_sign_in(door: Door, request: Request) -> Response:
    next_path = local_path(request.query_params.get("next"))
    token = request.cookies.get(sessions.COOKIE)
    if await to_thread.run_sync(sessions.actor_for, door.database, token) is not None:
        return RedirectResponse(next_path, 303)
    _ = reader(request)
    note = _("Your session has ended. Sign in again.") if "ended" in request.query_params else None
    page = html(door_pages.sign_in_page(_, next_path=next_path, note=note, demo_accounts=door.demo_accounts))
    return without_cookie(page, door) if token else page


async def _sign_in(door: Door, request: Request, form: dict[str, str]) -> Response:
    email, password = form.get("email", ""), form.get("password", "")
    if any(form.get("demo") == account.email for account in door.demo_accounts):
        email, password = form["demo"], DEMO_PASSWORD
    next_path = local_path(form.get("next"))
    try:
        begun = await door.look_at_password(
            partial(
                sign_in.sign_in,
                door.database,
                email=email,
                password=password,
                address=request.client.host if request.client else None,
                browser=request.headers.get("user-agent"),
                idle=door.idle,
            )
        )
    except SignInFailed as error:
        _ = reader(request)
        page = door_pages.sign_in_page(
            _,
            next_path=next_path,
            email=email,
            problem=translate_error(error, _),
            demo_accounts=door.demo_accounts,
        )
        if isinstance(error, TooManyTries):
            answer = html(page, 429)
            answer.headers["Retry-After"] = str(error.retry_after)
            return answer
        return html(page, 401)
    await end_current(door, request)  # a token from before this sign-in is worth nothing afterwards
    return with_cookie(RedirectResponse(next_path, 303), door, begun)


async def _show_sign_out(_door: Door, request: Request) -> Response:
    return html(door_pages.sign_out_page(reader(request)))


async def _sign_out(door: Door, request: Request, form: dict[str, str]) -> Response:
    others: list[int] = []
    if form.get("everywhere"):
        token = request.cookies.get(sessions.COOKIE)
        others = await to_thread.run_sync(sessions.sign_out_elsewhere, door.database, token)
    door.sockets.end(others)
    await end_current(door, request)
    return without_cookie(RedirectResponse(SIGN_IN, 303), door)


async def _style(_request: Request) -> Response:
    return FileResponse(door_pages.STATIC / "sign_in.css", headers={"Cache-Control": "public, max-age=3600"})


async def _icon(_request: Request) -> Response:
    return FileResponse(door_pages.STATIC / "icon.svg", headers={"Cache-Control": "public, max-age=3600"})
