"""The websockets that are open, by session, so that they can be closed when the session ends."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.redirect import SIGN_IN_AGAIN, redirect_message


class Sockets:
    """The open websockets of one process. All of it runs on the server's event loop."""

    def __init__(self) -> None:
        self._endings: dict[int, set[asyncio.Future[str]]] = defaultdict(set)

    def session_ids(self) -> set[int]:
        """The sessions with an open websocket."""
        return set(self._endings)

    def end(self, session_ids: Iterable[int], *, lead_to: str = SIGN_IN_AGAIN) -> None:
        """Close every websocket of these sessions; their pages go to the sign-in page, which says why by default."""
        for session_id in session_ids:
            for ending in self._endings.get(session_id, ()):
                if not ending.done():
                    ending.set_result(lead_to)

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, session_id: int) -> None:
        """Run the application on a websocket until either side closes it or the session ends."""
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._endings[session_id].add(ended)
        is_accepted = False

        async def receive_until_ended() -> Message:
            message = asyncio.ensure_future(receive())
            either: set[asyncio.Future[Any]] = {message, ended}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    return message.result()
            finally:
                message.cancel()
            if is_accepted:
                await send({"type": "websocket.send", "bytes": redirect_message(ended.result()).SerializeToString()})
            # not translated: browsers only log it
            await send({"type": "websocket.close", "code": 4401, "reason": "The session has ended."})
            return {"type": "websocket.disconnect", "code": 4401}

        async def send_until_ended(message: Message) -> None:
            nonlocal is_accepted
            if ended.done():
                raise OSError("the session has ended")  # what a lost connection looks like to the application
            is_accepted = is_accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            await app(scope, receive_until_ended, send_until_ended)
        finally:
            self._endings[session_id].discard(ended)
            if not self._endings[session_id]:
                del self._endings[session_id]
