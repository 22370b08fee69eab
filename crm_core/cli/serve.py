"""`rapport serve`: the app, the sign-in page and the API in one process."""

from __future__ import annotations

import errno
import os
import signal
import socket
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn

from crm_core import demo
from crm_core.cli.app import app
from crm_core.cli.output import note, options
from crm_core.config import Settings, load_settings
from crm_core.errors import ConfigError, WorkspaceNotEmpty
from crm_core.records import demo_accounts, links
from crm_core.workspace import Workspace

APPLICATION = "dashboard.server:create_app"  # by name: crm_core never imports the dashboard

_STOP_SECONDS = 2


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else RAPPORT_HOST, else 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port, 0 for any free one; else RAPPORT_PORT, else 8501.")
    ] = None,
    with_demo: Annotated[bool, typer.Option("--demo", help="Fill an empty workspace with the demo first.")] = False,
) -> None:
    """Serve the app until interrupted."""
    _hand_over(host, port)
    settings = load_settings()
    listening = _listen(settings.host, settings.port)
    address = public_address(settings, port=listening.getsockname()[1])
    with listening:
        announcement = _prepare(settings, address, with_demo=with_demo)
        server = _Server(_config(settings), announcement)
        # uvicorn stops on these signals and then raises them again; a server told to stop has done what it should.
        signal.signal(signal.SIGTERM, lambda *_: None)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    if not server.started:
        raise typer.Exit(1)


class _Server(uvicorn.Server):
    """Says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self.announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        typer.echo(self.announcement)


def _hand_over(host: str | None, port: int | None) -> None:
    """Put what the command line says into the environment, where the application and its workers look."""
    given = {
        "RAPPORT_DATABASE_URL": options.database,
        "RAPPORT_DATA_DIR": str(options.data_dir) if options.data_dir is not None else None,
        "RAPPORT_HOST": host,
        "RAPPORT_PORT": str(port) if port is not None else None,
    }
    os.environ.update({name: value for name, value in given.items() if value is not None})


def _listen(host: str, port: int) -> socket.socket:
    """A socket listening there; opened before anything else, so that a second server says so at once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen(128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                "Port {port} on {host} is in use. Stop what runs there, or choose another with --port.",
                port=port,
                host=host,
            ) from error
        raise ConfigError(
            "Cannot listen on {host}, port {port}: {reason}.", host=host, port=port, reason=error.strerror or str(error)
        ) from error
    return listening


def _prepare(settings: Settings, address: str, *, with_demo: bool) -> str:
    """Make the workspace ready; what to tell whoever started the server."""
    workspace = Workspace.open(settings, create=True)
    try:
        if with_demo and not workspace.is_demo:
            note("Filling the demo workspace …")
            try:
                demo.fill(workspace)
            except WorkspaceNotEmpty:
                note("This workspace holds records of its own, so it is served as it is, without the demo.")
        demo_accounts.refuse_public_demo(settings, is_demo=workspace.is_demo)
        lines = [f"Rapport is at {address}"]
        if workspace.is_demo:
            lines.append(f"Demo accounts, all with the password {demo_accounts.DEMO_PASSWORD}:")
            lines += [f"  {account.email:<32}{account.role.value}" for account in demo_accounts.DEMO_ACCOUNTS]
        elif token := links.offer_first_admin(workspace.database):
            lines.append("There is no admin yet. Create one within an hour, with this link, which works once:")
            lines.append(f"  {address}{links.FIRST_ADMIN_PATH}?token={token}")
        return "\n".join(lines)
    finally:
        workspace.close()


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        APPLICATION,
        factory=True,
        ws="websockets-sansio",
        ws_max_size=64 * 2**20,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.public_url),  # else anyone could choose the address their guesses count for
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


def public_address(settings: Settings, *, port: int | None = None) -> str:
    """Where people find this server: RAPPORT_PUBLIC_URL, else its host and port."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = settings.host
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{settings.port if port is None else port}"
