"""A real server on a workspace, and a real browser signed in to it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from crm_core.access import SYSTEM, Role
from crm_core.errors import Invalid
from crm_core.records import users
from crm_core.workspace import Workspace

EMAIL, PASSWORD = "bench@rapport.example", "four plain words here"
ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: list[str], health: str, **environment: str) -> Iterator[int]:
    """A server process that answers at `health`, ended afterwards; its pid."""
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        for _attempt in range(300):
            try:
                with urllib.request.urlopen(health, timeout=1):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def served(workspace: Workspace) -> Iterator[tuple[str, int]]:
    """The app on this workspace: its address and process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "RAPPORT_DATABASE_URL": workspace.settings.resolved_database_url,
        "RAPPORT_DATA_DIR": str(workspace.settings.data_dir.resolve()),
    }
    command = [sys.executable, "-m", "crm_core.cli", "serve", "--port", str(port)]
    with process(command, f"{url}/healthz", **settings) as pid:
        yield url, pid


@contextmanager
def browser_page(**context: Any) -> Iterator[Page]:
    """A page in a headless Chromium."""
    path = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser.new_page(viewport={"width": 1440, "height": 900}, **context)
        browser.close()


@contextmanager
def signed_in_page(workspace: Workspace, url: str) -> Iterator[Page]:
    """A page signed in as an administrator."""
    with workspace.database.untracked() as session:
        try:
            users.create(session=session, actor=SYSTEM, email=EMAIL, name="Bench", role=Role.ADMIN, password=PASSWORD)
        except Invalid as error:
            if "email" not in error.fields:  # the account of an earlier run
                raise
    with browser_page() as page:
        page.goto(f"{url}/sign-in")
        page.fill("input[name=email]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector("[data-testid=stApp]")
        yield page
