"""/first-admin and /set-password: what one-time links open."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from crm_core.errors import Invalid, LinkInvalid
from crm_core.records import links
from crm_core.translation import Translator, translate_error, translate_fields
from dashboard import door_pages
from dashboard.door import Door, end_current, endpoint, html, reader, with_cookie


def routes(door: Door) -> list[Route]:
    """The first admin's form and the form that sets a password."""
    return [
        Route(links.FIRST_ADMIN_PATH, endpoint(door, _show_first_admin, _create_first_admin), methods=["GET", "POST"]),
        Route(links.SET_PASSWORD_PATH, endpoint(door, _show_set_password, _set_password), methods=["GET", "POST"]),
    ]


async def _show_first_admin(door: Door, request: Request) -> Response:
    token = request.query_params.get("token", "")
    _ = reader(request)
    if not await to_thread.run_sync(links.is_first_admin_link, door.database, token):
        return _over(_)
    return html(door_pages.first_admin_page(_, token=token))


async def _create_first_admin(door: Door, request: Request, form: dict[str, str]) -> Response:
    _ = reader(request)
    create = partial(
        links.create_first_admin,
        door.database,
        token=form.get("token", ""),
        name=form.get("name", ""),
        email=form.get("email", ""),
        password=form.get("password", ""),
        language=_.language,
        browser=request.headers.get("user-agent"),
        idle=door.idle,
    )
    try:
        begun = await door.look_at_password(create)
    except Invalid as error:
        problems = translate_fields(error, _)
        page = door_pages.first_admin_page(_, token=form.get("token", ""), values=form, problems=problems)
        return html(page, 422)
    except LinkInvalid:
        return _over(_)
    await end_current(door, request)
    return with_cookie(RedirectResponse("/", 303), door, begun)


async def _show_set_password(door: Door, request: Request) -> Response:
    token = request.query_params.get("token", "")
    _ = reader(request)
    person = await to_thread.run_sync(links.invited, door.database, token)
    if person is None:
        return _over(_)
    return html(door_pages.set_password_page(_, token=token, person=person))


async def _set_password(door: Door, request: Request, form: dict[str, str]) -> Response:
    _ = reader(request)
    token = form.get("token", "")
    person = await to_thread.run_sync(links.invited, door.database, token)
    if person is None:
        return _over(_)
    accept = partial(
        links.accept,
        door.database,
        token=token,
        password=form.get("password", ""),
        browser=request.headers.get("user-agent"),
        idle=door.idle,
    )
    try:
        begun = await door.look_at_password(accept)
    except Invalid as error:
        page = door_pages.set_password_page(_, token=token, person=person, problem=translate_error(error, _))
        return html(page, 422)
    except LinkInvalid:
        return _over(_)
    await end_current(door, request)
    return with_cookie(RedirectResponse("/", 303), door, begun)


def _over(_: Translator) -> Response:
    title = _("This link does not work any more")
    message = _("It was used already or is too old. Start Rapport again for a new one, or ask your admin.")
    return html(door_pages.message_page(_, title=title, message=message), 410)
