"""Open websockets end when their session does, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from crm_core.access import Role
from crm_core.db.engine import Database
from crm_core.db.models import User, UserSession
from crm_core.records import sessions
from dashboard.gate import end_dead_sockets
from dashboard.sockets import Sockets


def begin(database: Database) -> tuple[str, int]:
    with database.untracked() as session:
        user = User(email=f"{datetime.now(UTC).timestamp()}@example.com", name="Ada", role=Role.STAFF.value)
        session.add(user)
        session.flush()
        token, signed_in = sessions.start(session, user, idle=timedelta(hours=1), browser=None, at=datetime.now(UTC))
        return token, signed_in.session_id


async def echo(_scope: Any, receive: Any, send: Any) -> None:
    """An application that is connected until it hears otherwise."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": "heard"})
    with pytest.raises(OSError, match="the session has ended"):
        await send({"type": "websocket.send", "text": "too late"})


def watched(database: Database, session_id: int, act: Callable[[], object]) -> list[dict[str, Any]]:
    """What a browser is sent after `act` on a websocket of this session, while the server looks after its sockets."""

    async def run() -> list[dict[str, Any]]:
        sockets = Sockets()
        sent: list[dict[str, Any]] = []
        incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        incoming.put_nowait({"type": "websocket.connect"})
        incoming.put_nowait({"type": "websocket.receive", "text": "hello"})

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        watching = asyncio.create_task(end_dead_sockets(database, sockets, every=0.02))
        serving = asyncio.create_task(sockets.serve(echo, {}, incoming.get, send, session_id=session_id))
        await asyncio.sleep(0.1)
        assert sockets.session_ids() == {session_id}
        assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]
        act()
        await asyncio.wait({serving}, timeout=1)
        if not serving.done():
            sent.append({"type": "still open"})
        serving.cancel()
        watching.cancel()
        await asyncio.wait({serving, watching})
        assert sockets.session_ids() == set()
        return sent[2:]

    return asyncio.run(run())


def test_a_session_that_is_ended_elsewhere_closes_its_websocket(database: Database) -> None:
    token, session_id = begin(database)
    redirect, close = watched(database, session_id, lambda: sessions.sign_out(database, token))
    assert b"/sign-in?ended=1" in redirect["bytes"]
    assert (close["type"], close["code"]) == ("websocket.close", 4401)


def test_a_session_that_runs_out_closes_its_websocket(database: Database) -> None:
    _, session_id = begin(database)

    def run_out() -> None:
        with database.untracked() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            session.execute(update(UserSession).where(UserSession.id == session_id).values(expires_at=past))

    assert watched(database, session_id, run_out)[-1]["code"] == 4401


def test_disabling_a_person_closes_their_websocket(database: Database) -> None:
    _, session_id = begin(database)

    def disable() -> None:
        with database.untracked() as session:
            session.execute(update(User).values(is_active=False))

    assert watched(database, session_id, disable)[-1]["code"] == 4401


def test_a_living_session_keeps_its_websocket(database: Database) -> None:
    _, session_id = begin(database)
    assert watched(database, session_id, lambda: None) == [{"type": "still open"}]


def test_a_file_is_fetched_only_by_sessions_whose_pages_were_told_of_it() -> None:
    async def tell(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": b"\x12\x20/media/0a1b2c.csv\x1a\x00"})

    async def nothing() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def drop(_message: dict[str, Any]) -> None:
        pass

    sockets = Sockets()
    asyncio.run(sockets.serve(tell, {}, nothing, drop, session_id=1))
    assert sockets.may_fetch(1, "/media/0a1b2c.csv")
    assert not sockets.may_fetch(2, "/media/0a1b2c.csv")
    assert not sockets.may_fetch(1, "/media/0a1b2d.csv")
    assert not sockets.may_fetch(1, "//media/0a1b2c.csv")


def test_only_the_files_named_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.sockets.MOST_MEDIA", 2)
    sockets = Sockets()
    for name in (b"a", b"b", b"a", b"c"):
        sockets._note_media(1, b"/media/" + name + b".csv")
    assert [sockets.may_fetch(1, f"/media/{name}.csv") for name in "abc"] == [True, False, True]
