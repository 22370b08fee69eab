"""The websockets that are open, by session, so that they can be closed when the session ends.

What they were told of is kept too: a file that Streamlit serves under /media is for the sessions whose pages name it.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.redirect import SIGN_IN_AGAIN, redirect_message

_MEDIA = re.compile(rb"/media/([0-9A-Za-z_-]+)")
MOST_MEDIA = 20_000
"""So many files are remembered, those named last."""


class Sockets:
    """The open websockets of one process. All of it runs on the server's event loop."""

    def __init__(self) -> None:
        self._endings: dict[int, set[asyncio.Future[str]]] = defaultdict(set)
        self._media: OrderedDict[tuple[int, str], None] = OrderedDict()

    def session_ids(self) -> set[int]:
        """The sessions with an open websocket."""
        return set(self._endings)

    def may_fetch(self, session_id: int, path: str) -> bool:
        """Whether a page of this session was told of the file at this path under /media."""
        found = _MEDIA.match(path.encode("utf-8", "surrogateescape"))
        return found is not None and (session_id, found[1].decode()) in self._media

    def _note_media(self, session_id: int, message: bytes) -> None:
        for found in _MEDIA.finditer(message):
            key = (session_id, found[1].decode())
            self._media[key] = None
            self._media.move_to_end(key)
        while len(self._media) > MOST_MEDIA:
            self._media.popitem(last=False)

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
            if message.get("bytes"):
                self._note_media(session_id, message["bytes"])
            await send(message)

        try:
            await app(scope, receive_until_ended, send_until_ended)
        finally:
            self._endings[session_id].discard(ended)
            if not self._endings[session_id]:
                del self._endings[session_id]
