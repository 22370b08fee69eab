"""The pages before sign-in: what they answer, what they set, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from crm_core.access import SYSTEM, Role
from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.errors import ConfigError
from crm_core.records import demo_accounts, links, sessions, users
from crm_core.records.sign_in import sign_in
from dashboard import one_time_links
from dashboard import sign_in as sign_in_routes
from dashboard.door import Door
from dashboard.gate import Gate
from dashboard.origin import local_path
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


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
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


def test_signing_in_sets_the_cookie_and_leads_to_the_page_asked_for(client: Client) -> None:
    refused = client.get("/customers?q=müller&page=2")
    assert refused.status_code == 303
    form = client.get(refused.headers["location"])
    next_path = re.search(r'name="next" value="([^"]*)"', form.text)
    assert next_path is not None
    answer = client.post("/sign-in", data={**GOOD, "next": next_path.group(1).replace("&amp;", "&")})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/customers?q=m%C3%BCller&page=2"
    assert client.get("/customers").text == "inside"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client) -> None:
    cookie = cookie_set_by(client.post("/sign-in", data=GOOD))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == ("True", "lax", "/")
    assert "domain" not in cookie, "this host only"
    assert "secure" not in cookie
    assert cookie["max-age"] == str(30 * 24 * 3600)


def test_in_production_the_cookie_travels_over_tls_only(client: Client, database: Database) -> None:
    with client_of(database, env="production", public_url="https://crm.example.com") as production:
        answer = production.post("/sign-in", data=GOOD)
    assert cookie_set_by(answer)["secure"] == "True"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_each_sign_in_replaces_the_token_and_the_one_before_is_worth_nothing(
    client: Client, database: Database
) -> None:
    planted = sign_in(database, email="ada@example.com", password=PASSWORD).token
    client.cookies.set("rapport_session", planted)
    fresh = cookie_set_by(client.post("/sign-in", data=GOOD))["value"]
    assert fresh != planted
    assert sessions.actor_for(database, planted) is None
    assert sessions.actor_for(database, fresh) is not None


def test_a_failed_sign_in_keeps_the_session_there_is(client: Client, database: Database) -> None:
    token = sign_in(database, email="ada@example.com", password=PASSWORD).token
    client.cookies.set("rapport_session", token)
    assert client.post("/sign-in", data={**GOOD, "password": "wrong"}).status_code == 401
    assert sessions.actor_for(database, token) is not None


def test_unknown_and_wrong_get_the_same_page_to_the_letter(client: Client) -> None:
    wrong = client.post("/sign-in", data={"email": "ada@example.com", "password": "wrong"})
    unknown = client.post("/sign-in", data={"email": "eve@example.com", "password": "wrong"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert said(wrong) == "The e-mail address or the password is wrong."
    assert wrong.text.replace("ada@example.com", "") == unknown.text.replace("eve@example.com", "")
    assert set(wrong.headers) == set(unknown.headers)


def test_too_many_failures_are_answered_with_when_to_try_again(client: Client) -> None:
    for email in ("ada@example.com", "eve@example.com"):
        for _ in range(5):
            assert client.post("/sign-in", data={"email": email, "password": "wrong"}).status_code == 401
        answer = client.post("/sign-in", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 429
        assert 55 <= int(answer.headers["retry-after"]) <= 60
        assert said(answer) == "Too many failed sign-ins. Try again in 1 min."


def test_the_form_keeps_the_e_mail_never_the_password_and_escapes_both(client: Client) -> None:
    answer = client.post("/sign-in", data={"email": '"><script>x</script>', "password": "s3cret-as-typed"})
    assert "<script>" not in answer.text
    assert 'value="&quot;&gt;&lt;script&gt;x&lt;/script&gt;"' in answer.text
    assert "s3cret-as-typed" not in answer.text


FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8501"},
]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/first-admin", "/set-password"])
def test_a_form_sent_from_another_site_is_refused(client: Client, path: str) -> None:
    for headers in FOREIGN:
        answer = client.post(path, data=GOOD, headers=headers)
        assert answer.status_code == 403, headers
        assert said(answer) == "This form was sent from another site. Open the sign-in page and try again."
        assert not cookie_set_by(answer)


def test_a_form_sent_from_here_is_taken(client: Client) -> None:
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": "http://127.0.0.1:8501"}, {}):
        assert client.post("/sign-in", data=GOOD, headers=headers).status_code == 303, headers


def test_behind_a_proxy_the_public_address_is_here(client: Client, database: Database) -> None:
    with client_of(database, public_url="https://crm.example.com") as proxied:
        ours = proxied.post("/sign-in", data=GOOD, headers={"origin": "https://crm.example.com"})
        other = proxied.post("/sign-in", data=GOOD, headers={"origin": "https://crm.example.com.evil.example"})
    assert (ours.status_code, other.status_code) == (303, 403)


def test_nothing_is_changed_inside_by_another_site_with_ones_cookie(client: Client) -> None:
    client.post("/sign-in", data=GOOD)
    for headers in FOREIGN:
        answer = client.post("/anything", headers=headers)
        assert (answer.status_code, answer.text) == (403, "This was sent from another site."), headers
    assert client.post("/anything", headers={"sec-fetch-site": "same-origin"}).status_code == 405, "let through"


def test_behind_a_proxy_that_changes_the_host_only_the_public_address_opens_the_websocket(
    client: Client, database: Database
) -> None:
    token = sign_in(database, email="ada@example.com", password=PASSWORD).token
    hosts: list[str] = []

    async def streamlit(scope: Any, _receive: Any, _send: Any) -> None:
        hosts.append(dict(scope["headers"])[b"host"].decode())

    chosen = Settings(_env_file=None, public_url="https://crm.example.com")  # type: ignore[call-arg]
    with Client(Gate(streamlit, database=database, sockets=Sockets(), settings=chosen)) as proxied:
        for origin in ("https://evil.example", "https://crm.example.com"):
            headers = {"host": "10.0.0.5:8501", "origin": origin, "cookie": f"rapport_session={token}"}
            refusals = proxied.websocket("/_stcore/stream", headers)
            assert [one["code"] for one in refusals] == ([1008] if "evil" in origin else [])
    assert hosts == ["crm.example.com"], "so that Streamlit compares like with like"


def test_signing_out_takes_the_cookie_and_ends_the_session(client: Client, database: Database) -> None:
    token = cookie_set_by(client.post("/sign-in", data=GOOD))["value"]
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert 'rapport_session=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert sessions.actor_for(database, token) is None
    assert client.get("/").status_code == 303


def test_opening_the_sign_out_page_signs_nobody_out(client: Client, database: Database) -> None:
    token = cookie_set_by(client.post("/sign-in", data=GOOD))["value"]
    page = client.get("/sign-out")
    assert page.status_code == 200
    assert "Sign out everywhere" in page.text
    assert sessions.actor_for(database, token) is not None


def test_who_is_signed_in_already_is_sent_on(client: Client) -> None:
    client.post("/sign-in", data=GOOD)
    answer = client.get("/sign-in?next=/customers")
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers")


EVIL = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2Fevil.example",
    "/%5Cevil.example",
    "/%252Fevil.example",
    "/%25252Fevil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "/x\r\nSet-Cookie: a=b",
    "/x%0d%0aSet-Cookie:a=b",
    "/./%2fevil.example/..//x",
    "evil.example",
    "/sign-out",
    "/_stcore/health",
    "/api/v1/me",
    "/" + "x" * 600,
]


@pytest.mark.parametrize("wanted", EVIL)
def test_no_next_leads_to_another_site(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_signing_in_never_leads_to_another_site(client: Client) -> None:
    for wanted in EVIL[:6]:
        assert f'value="{wanted}"' not in client.get("/sign-in", params={"next": wanted}).text
        assert client.post("/sign-in", data={**GOOD, "next": wanted}).headers["location"] == "/"
        client.post("/sign-out")


@pytest.mark.parametrize("wanted", ["/", "/customers", "/customer?id=7&tab=orders", "/rows?of=net_sales#a", "/客户"])
def test_pages_of_ours_are_led_to(wanted: str) -> None:
    assert local_path(wanted) == wanted


@settings(max_examples=300)
@given(st.text(alphabet="/\\.:%25fF09ahtps@? \t\né", max_size=12).map(lambda text: f"/{text}"))
def test_whatever_next_says_the_browser_stays_here(wanted: str) -> None:
    led_to = httpx.URL("http://here.example/sign-in").join(local_path(wanted).replace("\\", "/"))
    assert led_to.host == "here.example"


def test_the_page_speaks_the_browsers_language_and_the_one_chosen(client: Client) -> None:
    english = client.get("/sign-in")
    chinese = client.get("/sign-in", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"})
    assert '<html lang="en">' in english.text
    assert '<html lang="zh-CN">' in chinese.text
    switched = client.get("/sign-in?next=/customers&language=zh_CN")
    assert (switched.status_code, switched.headers["location"]) == (303, "/sign-in?next=%2Fcustomers")
    assert cookie_set_by(switched, "rapport_language")["value"] == "zh_CN"
    assert '<html lang="zh-CN">' in client.get("/sign-in").text
    client.get("/sign-in?language=en")
    back = client.get("/sign-in", headers={"accept-language": "zh-CN"})
    assert '<html lang="en">' in back.text


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    answer = client.get("/sign-in?language=%0d%0aevil")
    assert answer.status_code == 303
    assert not cookie_set_by(answer, "rapport_language")


def test_every_input_has_a_label_and_says_what_it_takes(client: Client) -> None:
    page = client.post("/sign-in", data={**GOOD, "password": "wrong"}).text
    ids = re.findall(r'<input id="(\w+)"', page)
    assert ids == ["email", "password"]
    for name in ids:
        assert f'<label for="{name}">' in page
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert page.count('aria-describedby="problem" aria-invalid="true"') == 2
    assert re.search(r'<input id="password"[^>]* autofocus', page), "the e-mail is there already"


def test_a_form_larger_than_ours_is_refused_without_reading_on(client: Client) -> None:
    answer = client.post("/sign-in", data={"email": "x" * 20_000})
    assert answer.status_code == 413
    assert said(answer) == "The form is larger than any of ours. Open the sign-in page and try again."


def test_bytes_that_are_no_form_only_fail_to_sign_in(client: Client) -> None:
    assert client.post("/sign-in", content=b"\xff\xfe%%%&&&=").status_code == 401


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
