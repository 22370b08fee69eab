"""What the tests of the door share: a browser before it, and what an answer says and sets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from crm_core.access import SYSTEM, Role
from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.records import users
from dashboard import one_time_links
from dashboard import sign_in as sign_in_routes
from dashboard.door import Door
from dashboard.gate import Gate
from dashboard.sockets import Sockets
from tests.asgi import Client

PASSWORD = "correct horse battery"
GOOD = {"email": "ada@example.com", "password": PASSWORD}


def client_of(database: Database, *, is_demo: bool = False, **given: object) -> Client:
    """A browser before the doors of a workspace; behind the gate is one page that says 'inside'."""
    chosen = Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]
    sockets = Sockets()
    door = Door(database, chosen, sockets, is_demo)

    async def inside(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("inside")

    app = Starlette(
        routes=[*sign_in_routes.routes(door), *one_time_links.routes(door), Route("/{page:path}", inside)],
        middleware=[Middleware(Gate, database=database, sockets=sockets, settings=chosen)],
    )
    return Client(app)


@contextmanager
def adas_browser(database: Database) -> Iterator[Client]:
    """A browser before the doors of a workspace where Ada has an account."""
    with database.untracked() as session:
        users.create(
            session=session, actor=SYSTEM, email="ada@example.com", name="Ada", role=Role.ADMIN, password=PASSWORD
        )
    with client_of(database) as found:
        yield found


def cookie_set_by(answer: httpx.Response, name: str = "rapport_session") -> dict[str, str]:
    """The flags of a cookie the answer sets, with its value under 'value'."""
    for line in answer.headers.get_list("set-cookie"):
        if name in (parsed := SimpleCookie(line)):
            return {"value": parsed[name].value, **{key: str(flag) for key, flag in parsed[name].items() if flag}}
    return {}


def said(answer: httpx.Response) -> str:
    """What the page says in its alert."""
    found = re.search(r'role="alert"[^>]*>([^<]*)<', answer.text)
    return found.group(1) if found else ""
