"""The pages before sign-in: what they answer, what they set, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.records import sessions
from crm_core.records.sign_in import sign_in
from dashboard.gate import Gate
from dashboard.origin import local_path
from dashboard.sockets import Sockets
from tests.asgi import Client
from tests.core.door import GOOD, PASSWORD, adas_browser, client_of, cookie_set_by, said


@pytest.fixture
def client(database: Database) -> Iterator[Client]:
    with adas_browser(database) as found:
        yield found


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
