"""A browser's requests to an application in this process, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Self

import httpx


class Client:
    """Sends requests to an ASGI application one after the other; keeps cookies and follows no redirects."""

    def __init__(self, app: Any) -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 12345))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8501")
        self.app = app

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._http.aclose())
        self._runner.close()

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies it has."""
        return self._http.cookies

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._http.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._http.post(path, **options))

    def websocket(self, path: str, headers: Mapping[str, str]) -> list[dict[str, Any]]:
        """What a websocket is answered before it says anything but that it wants to connect."""
        sent: list[dict[str, Any]] = []
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": path, "headers": raw, "query_string": b"", "subprotocols": []}
        self._runner.run(self.app(scope, receive, send))
        return sent
