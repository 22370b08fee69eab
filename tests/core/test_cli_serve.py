"""`rapport serve`, as it is run."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sqlite3
from pathlib import Path

import pytest
import websockets
from sqlalchemy import update

from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import WorkspaceRow
from crm_core.records.demo_accounts import DEMO_PASSWORD, create_demo_accounts
from crm_core.records.sign_in import sign_in
from tests.serving import rapport, serving

pytestmark = pytest.mark.xdist_group("server")

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_cleanly_when_told_to_even_with_a_page_open(tmp_path: Path, how: signal.Signals) -> None:
    found = Database(f"sqlite:///{tmp_path / 'rapport.db'}")
    schema.upgrade(found)
    with found.untracked() as session:
        create_demo_accounts(session)
    token = sign_in(found, email="staff@demo.rapport.example", password=DEMO_PASSWORD).token
    found.dispose()
    with serving(tmp_path) as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.address)

        async def stop_with_a_page_open() -> tuple[int, float]:
            stream = server.address.replace("http", "ws", 1) + "/_stcore/stream"
            cookie = {"Cookie": f"rapport_session={token}"}
            async with websockets.connect(stream, additional_headers=cookie, subprotocols=["streamlit"], proxy=None):
                return await asyncio.to_thread(server.stop, how)

        code, seconds = asyncio.run(stop_with_a_page_open())
    assert code == 0
    assert seconds < 10, "it must not wait for the page, which stays open"
    assert "Traceback" not in server.output


def test_the_first_start_prints_a_link_for_the_first_admin_and_the_next_another(tmp_path: Path) -> None:
    def link_of(output: str) -> str:
        found = re.search(r"/first-admin\?token=[\w-]{43}", output)
        assert found is not None, output
        return found.group(0)

    with serving(tmp_path) as server:
        first = link_of(server.output)
        assert f"{server.address}{first}" in server.output
        with server.client() as client:
            assert client.get(first).status_code == 200
    with serving(tmp_path) as server:
        second = link_of(server.output)
        with server.client() as client:
            assert client.get(first).status_code == 410
            form = {"token": second.partition("=")[2], "name": "Ada", "email": "ada@example.com", "password": PASSWORD}
            assert client.post("/first-admin", data=form).headers["location"] == "/"
            assert client.get("/api/v1/me").json()["role"] == "admin"


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = rapport(tmp_path, "serve", "--port", str(port))
    assert result.returncode == 1
    said = f"rapport: Port {port} on 127.0.0.1 is in use. Stop what runs there, or choose another with --port.\n"
    assert result.stderr == said
    assert result.stdout == ""


def test_an_address_that_is_not_this_machines_is_one_clear_line(tmp_path: Path) -> None:
    result = rapport(tmp_path, "serve", "--host", "192.0.2.1", "--port", "0")
    assert result.returncode == 1
    assert re.fullmatch(r"rapport: Cannot listen on 192\.0\.2\.1, port 0: [^\n]+\.\n", result.stderr)


def test_a_workspace_with_records_of_its_own_is_served_without_the_demo(tmp_path: Path) -> None:
    assert rapport(tmp_path, "init").returncode == 0
    with sqlite3.connect(tmp_path / "rapport.db") as database:
        database.execute("INSERT INTO products (code, name, is_active, is_adjustment) VALUES ('A', 'Apple', 1, 0)")
    database.close()
    with serving(tmp_path, "--demo") as server:
        assert "This workspace holds records of its own, so it is served as it is, without the demo." in server.output
        assert "demo.rapport.example" not in server.output


def test_a_demo_is_not_served_to_other_machines_in_production(tmp_path: Path) -> None:
    found = Database(f"sqlite:///{tmp_path / 'rapport.db'}")
    schema.upgrade(found)
    with found.untracked() as session:
        session.execute(update(WorkspaceRow).values(is_demo=True))
    found.dispose()
    production = {"RAPPORT_ENV": "production", "RAPPORT_PUBLIC_URL": "https://crm.example.com"}
    result = rapport(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0", **production)
    assert result.returncode == 1
    assert result.stderr == (
        "rapport: This is a demo workspace: its passwords are known to everybody. Serve it on 127.0.0.1, "
        "or choose another workspace with RAPPORT_DATA_DIR or RAPPORT_DATABASE_URL.\n"
    )


def test_health_says_when_the_database_is_gone(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        for name in ("rapport.db", "rapport.db-wal", "rapport.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        with running.client() as client:
            health = client.get("/healthz")
        assert (health.status_code, health.json()) == (503, {"status": "unavailable"})
