"""The gate before a real server: without a valid session nothing answers but sign-in and health."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import httpx
import pytest
import websockets
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from crm_core.access import SYSTEM, Role
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import SignInAttempt, UserSession
from crm_core.records import sessions, users
from crm_core.records.sign_in import sign_in
from tests.serving import Server, serving

pytestmark = pytest.mark.xdist_group("server")

PASSWORD = "correct horse battery"
STREAM = "/_stcore/stream"

PAGES = [
    "/",
    "/overview",
    "/customers?q=1",
    "/no-such-page",
    "/sign-in/",
    "/sign-in/../overview",
    "//sign-in",
    "/healthz/",
]
MACHINES = [
    "/_stcore/health",
    "/_stcore/script-health-check",
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/stream",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/x/y.js",
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/mcp",
    "/media/abc.csv",
    "/component/x/index.html",
    "/app/static/logo.svg",
    "/static/js/index.js",
    "/index.html",
    "/manifest.json",
    "/favicon.png",
    "/auth/login",
    "/oauth2callback",
    "/api/v1/me",
    "/api/v1/openapi.json",
]
TRICKS = [
    "/sign-in/../_stcore/health",
    "/sign-in/style.css/../../_stcore/health",
    "/sign-in%2f..%2f_stcore/metrics",
    "/%2e%2e/_stcore/metrics",
    "/_STCORE/../_stcore/metrics",
    "//sign-in",
    "//_stcore/metrics",
    "/healthz;/../api/v1/me",
    "/sign-in\\..\\_stcore\\metrics",
    "http://127.0.0.1/_stcore/metrics",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    found = Database(f"sqlite:///{folder / 'rapport.db'}")
    schema.upgrade(found)
    with found.untracked() as session:
        for name, role in (("ada", Role.ADMIN), ("bo", Role.STAFF)):
            users.create(
                session=session, actor=SYSTEM, email=f"{name}@example.com", name=name, role=role, password=PASSWORD
            )
    found.dispose()
    with serving(folder) as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """The served workspace's database, with nobody's failed sign-ins counted."""
    found = Database(f"sqlite:///{server.data_dir / 'rapport.db'}")
    with found.untracked() as session:
        session.query(SignInAttempt).delete()
    yield found
    found.dispose()


@pytest.fixture
def token(database: Database) -> str:
    return sign_in(database, email="ada@example.com", password=PASSWORD).token


def dead_tokens(database: Database) -> dict[str, str | None]:
    """Cookies that stand for nobody: none, garbage, revoked, expired, a link's."""

    def begin() -> tuple[str, int]:
        begun = sign_in(database, email="ada@example.com", password=PASSWORD)
        return begun.token, begun.signed_in.session_id

    revoked, _ = begin()
    sessions.sign_out(database, revoked)
    expired, expired_id = begin()
    link, link_id = begin()
    with database.untracked() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(UserSession).where(UserSession.id == expired_id).values(expires_at=past))
        session.execute(update(UserSession).where(UserSession.id == link_id).values(purpose="link"))
    return {"none": None, "garbage": "x" * 43, "revoked": revoked, "expired": expired, "link": link}


async def open_socket(server: Server, token: str | None, *, path: str = STREAM, origin: str | None = None) -> str:
    """'open', or the status with which the websocket is refused."""
    cookie = {"Cookie": f"rapport_session={token}"} if token else {}
    address = server.address.replace("http", "ws", 1) + path
    try:
        async with websockets.connect(
            address,
            additional_headers=cookie,
            subprotocols=[Subprotocol("streamlit")],
            origin=Origin(origin) if origin else None,
            proxy=None,
        ):
            return "open"
    except InvalidStatus as refused:
        return str(refused.response.status_code)


def test_without_a_valid_session_pages_lead_to_sign_in_and_the_rest_is_refused(
    server: Server, database: Database
) -> None:
    for kind, dead in dead_tokens(database).items():
        with server.client(dead) as client:
            for path in PAGES:
                answer = client.get(path)
                assert answer.status_code == 303, (kind, path)
                assert answer.headers["location"].startswith("/sign-in"), (kind, path)
            for path in MACHINES:
                answer = client.get(path)
                assert answer.status_code == 401, (kind, path)
                assert "sign" in answer.text.lower(), (kind, path)


@pytest.mark.parametrize("path", TRICKS)
def test_no_spelling_of_a_path_gets_past_the_gate(server: Server, path: str) -> None:
    host = httpx.URL(server.address)
    connection = HTTPConnection(host.host, host.port or 80, timeout=30)  # unlike httpx it sends the path as it is
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status in {303, 400, 401}
    assert b"process_" not in body
    assert b"ok" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_method_gets_past_the_gate(server: Server, method: str) -> None:
    with server.client() as client:
        for path in ["/", "/overview", "/_stcore/upload_file/a/b", "/_stcore/agent/interact", "/api/v1/me"]:
            assert client.request(method, path).status_code == 401, path


def test_the_websocket_is_refused_before_it_is_accepted(server: Server, database: Database) -> None:
    for kind, dead in dead_tokens(database).items():
        for path in [STREAM, "/", "/sign-in", "/overview"]:
            assert asyncio.run(open_socket(server, dead, path=path)) == "403", (kind, path)


def test_with_a_session_the_app_its_files_and_its_websocket_answer(server: Server, token: str) -> None:
    with server.client(token) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert '<div id="root">' in page.text
        assert client.get("/_stcore/health").status_code == 200
        assert client.get("/_stcore/host-config").status_code == 200
    assert asyncio.run(open_socket(server, token)) == "open"
    assert asyncio.run(open_socket(server, token, origin=server.address)) == "open"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "null"])
def test_a_page_of_another_site_cannot_open_the_websocket_with_ones_cookie(
    server: Server, token: str, origin: str
) -> None:
    async def from_elsewhere() -> int:
        address = server.address.replace("http", "ws", 1) + STREAM
        headers = {"Cookie": f"rapport_session={token}", "Origin": origin}
        with pytest.raises(InvalidStatus) as refused:
            async with websockets.connect(address, additional_headers=headers, proxy=None):
                pass
        return refused.value.response.status_code

    assert asyncio.run(from_elsewhere()) == 403


def test_where_there_is_an_admin_no_link_for_the_first_is_printed(server: Server) -> None:
    assert server.output == f"Rapport is at {server.address}\n"


def test_health_answers_anyone_and_says_nothing_more(server: Server) -> None:
    with server.client() as client:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def closing(server: Server, token: str, act: Callable[[], object]) -> tuple[int, bytes]:
    """The code an open websocket is closed with once `act` was done, and the last message it got."""

    async def wait() -> tuple[int, bytes]:
        address = server.address.replace("http", "ws", 1) + STREAM
        headers = {"Cookie": f"rapport_session={token}"}
        async with websockets.connect(
            address, additional_headers=headers, subprotocols=["streamlit"], proxy=None
        ) as socket:
            await asyncio.to_thread(act)
            last = b""
            with suppress(ConnectionClosed):
                while True:
                    message = await asyncio.wait_for(socket.recv(), 30)
                    last = message if isinstance(message, bytes) else message.encode()
            return socket.close_code or 0, last

    return asyncio.run(wait())


def test_signing_out_closes_the_open_websocket_and_sends_its_page_to_sign_in(server: Server, token: str) -> None:
    def act() -> None:
        with server.client(token) as client:
            assert client.post("/sign-out").headers["location"] == "/sign-in"

    code, last = closing(server, token, act)
    assert code == 4401
    assert b"/sign-in" in last
    assert b"ended" not in last, "they know: they did it themselves"


def test_signing_out_everywhere_closes_the_websockets_of_other_browsers(
    server: Server, database: Database, token: str
) -> None:
    elsewhere = sign_in(database, email="ada@example.com", password=PASSWORD).token

    def act() -> None:
        with server.client(token) as client:
            client.post("/sign-out", data={"everywhere": "1"})

    code, last = closing(server, elsewhere, act)
    assert code == 4401
    assert b"/sign-in?ended=1" in last
    assert sessions.actor_for(database, token) is None
    assert sessions.actor_for(database, elsewhere) is None


def test_every_answer_carries_the_security_headers(server: Server, token: str) -> None:
    for client in (server.client(), server.client(token)):
        with client:
            for path in [
                "/",
                "/overview",
                "/_stcore/health",
                "/api/v1/me",
                "/sign-in",
                "/healthz",
                "/media/x.png",
                "/x.js",
            ]:
                headers = client.get(path).headers
                assert headers["x-content-type-options"] == "nosniff", path
                assert headers["x-frame-options"] == "DENY", path
                assert headers["referrer-policy"] == "same-origin", path
                assert "frame-ancestors 'none'" in headers["content-security-policy"], path
                assert "unsafe-eval'" not in headers["content-security-policy"].replace("'wasm-unsafe-eval'", ""), path
                assert headers["cache-control"] == "no-store", path
                assert "server" not in headers, path


def test_the_door_page_may_load_nothing_but_its_own_style_and_icon(server: Server) -> None:
    with server.client() as client:
        page = client.get("/sign-in")
        assert page.headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; img-src 'self'"
        )
        assert "<script" not in page.text
        assert client.get("/sign-in/style.css").headers["content-type"].startswith("text/css")
        assert client.get("/sign-in/icon.svg").headers["content-type"].startswith("image/svg+xml")
