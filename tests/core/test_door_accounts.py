"""Who gets an account at the door, and what it says where nothing can be stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import event

from crm_core.access import SYSTEM, Role
from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.errors import ConfigError
from crm_core.records import demo_accounts, links, sessions, users
from tests.asgi import Client
from tests.core.door import GOOD, PASSWORD, adas_browser, client_of, cookie_set_by, said


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
    with adas_browser(database) as found:
        yield found


def test_the_first_admin_is_made_through_the_link_and_signed_in(database: Database) -> None:
    token = links.offer_first_admin(database)
    with client_of(database) as client:
        page = client.get(f"/first-admin?token={token}")
        assert page.status_code == 200
        assert "Welcome to Rapport" in page.text
        form = {"token": str(token), "name": "Ada", "email": "ada@example.com", "password": "short"}
        refused = client.post("/first-admin", data=form)
        assert refused.status_code == 422
        assert said(refused) == "The password needs at least 10 characters."
        assert 'value="ada@example.com"' in refused.text
        made = client.post("/first-admin", data={**form, "password": PASSWORD})
        assert (made.status_code, made.headers["location"]) == (303, "/")
        assert client.get("/").text == "inside"
        for again in (client.get(f"/first-admin?token={token}"), client.post("/first-admin", data=form)):
            assert again.status_code == 410
            assert said(again).startswith("It was used already or is too old.")


def test_an_invited_person_sets_a_password_and_is_signed_in(client: Client, database: Database) -> None:
    with database.untracked() as session:
        account = users.create(session=session, actor=SYSTEM, email="bo@example.com", name="Bo <b>")
        token = links.invite(session=session, actor=SYSTEM, user_id=account.user_id)
    page = client.get(f"/set-password?token={token}")
    assert "Bo &lt;b&gt;, choose the password you will sign in with." in page.text
    refused = client.post("/set-password", data={"token": token, "password": "password123"})
    assert refused.status_code == 422
    assert (
        said(refused)
        == "This password is among the first that are guessed. Choose another; a few random words do well."
    )
    assert client.post("/set-password", data={"token": token, "password": PASSWORD}).headers["location"] == "/"
    assert client.get("/").text == "inside"
    assert client.get(f"/set-password?token={token}").status_code == 410
    assert client.post("/set-password", data={"token": token, "password": PASSWORD}).status_code == 410


def fill_demo(database: Database) -> None:
    with database.untracked() as session:
        demo_accounts.create_demo_accounts(session)


def test_a_demo_offers_its_accounts_with_one_click(database: Database) -> None:
    fill_demo(database)
    with client_of(database, is_demo=True) as client:
        page = client.get("/sign-in")
        for account in demo_accounts.DEMO_ACCOUNTS:
            assert f'name="demo" value="{account.email}"' in page.text
        answer = client.post("/sign-in", data={"demo": "support@demo.rapport.example", "next": "/customers"})
        assert answer.headers["location"] == "/customers"
        signed_in = sessions.actor_for(database, cookie_set_by(answer)["value"])
    assert signed_in is not None
    assert signed_in.actor.role is Role.SUPPORT


@pytest.mark.parametrize(("is_demo", "host"), [(True, "0.0.0.0"), (True, "192.0.2.1"), (False, "127.0.0.1")])
def test_elsewhere_nobody_is_offered_an_account(database: Database, is_demo: bool, host: str) -> None:
    fill_demo(database)
    with client_of(database, is_demo=is_demo, host=host) as client:
        assert "demo" not in client.get("/sign-in").text
        assert client.post("/sign-in", data={"demo": "admin@demo.rapport.example"}).status_code == 401


@pytest.mark.parametrize(
    ("is_refused", "is_demo", "given"),
    [
        (True, True, {"env": "production", "host": "0.0.0.0", "public_url": "https://crm.example.com"}),
        (True, True, {"env": "production", "public_url": "https://crm.example.com"}),
        (False, True, {"env": "production"}),
        (False, True, {"host": "0.0.0.0"}),
        (False, False, {"env": "production", "host": "0.0.0.0", "public_url": "https://crm.example.com"}),
    ],
)
def test_a_demo_is_for_this_machine_in_production(is_refused: bool, is_demo: bool, given: dict[str, str]) -> None:
    chosen = Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]
    with pytest.raises(ConfigError) if is_refused else nullcontext():
        demo_accounts.refuse_public_demo(chosen, is_demo=is_demo)


def test_where_the_database_does_not_answer_nobody_gets_in_and_everybody_is_told(tmp_path: Path) -> None:
    gone = Database(f"sqlite:///{tmp_path / 'no-such-folder' / 'rapport.db'}")
    with client_of(gone) as client:
        client.cookies.set("rapport_session", "x" * 43)
        answer = client.get("/")
        assert (answer.status_code, answer.text) == (503, "The database does not answer. Try again in a moment.")
        (refusal,) = client.websocket("/_stcore/stream", {"cookie": "rapport_session=" + "x" * 43})
        assert (refusal["type"], refusal["code"]) == ("websocket.close", 4401)
    gone.dispose()


@pytest.fixture
def read_only(client: Client, database: Database) -> Client:
    """A browser that is signed in before the database turns read-only."""
    client.post("/sign-in", data=GOOD)
    database.dispose()
    event.listen(database.engine, "connect", lambda connection, _record: connection.execute("PRAGMA query_only = ON"))
    return client


def test_a_database_that_takes_no_writes_lets_people_in_who_are_signed_in(read_only: Client) -> None:
    assert read_only.get("/customers").text == "inside"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_what_cannot_be_stored_at_the_door_is_said_in_words(read_only: Client, path: str) -> None:
    answer = read_only.post(path, data=GOOD)
    assert answer.status_code == 503
    assert said(answer).startswith("The database is read-only; nothing was saved. Give the process write access")
    assert "set-cookie" not in answer.headers
    chinese = read_only.post(path, data=GOOD, headers={"accept-language": "zh-CN"})
    assert said(chinese).startswith("数据库是只读的")
