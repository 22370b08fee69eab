"""Where a request comes from and where it may be sent on to: against forged forms and open redirects."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from starlette.requests import HTTPConnection

HOME = "/"
_NEVER_NEXT = (
    "/sign-in",
    "/sign-out",
    "/first-admin",
    "/set-password",
    "/healthz",
    "/api",
    "/_stcore",
    "/media",
    "/auth",
)


def is_from_here(request: HTTPConnection, *, public_url: str = "") -> bool:
    """Whether a form or websocket was sent by a page of this server, as the browser itself says.

    Browsers say so in Sec-Fetch-Site, which pages cannot forge; older ones name the page's origin. A request that names
    neither was not sent by a page, so it cannot carry anyone else's cookies.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return True
    here = {request.headers.get("host", "").lower()}
    if public_url:
        here.add(urlsplit(public_url).netloc.lower())
    return urlsplit(origin).netloc.lower() in here


def local_path(wanted: str | None) -> str:
    """The wanted path with its query where it is a page of this server, else the home page: never another site.

    Refused are other hosts however written (`//host`, `/\\host`, `https:host`, the same encoded once or twice), control
    characters, which browsers drop before they read an address, and the doors themselves.
    """
    if not wanted or len(wanted) > 500:
        return HOME
    plain = wanted
    for _round in range(3):
        if not _is_path(plain):
            return HOME
        if (decoded := unquote(plain)) == plain:
            break
        plain = decoded
    else:
        return HOME
    path = urlsplit(plain).path
    if any(path == door or path.startswith(f"{door}/") for door in _NEVER_NEXT):
        return HOME
    return wanted


def _is_path(text: str) -> bool:
    if not text.startswith("/") or text.startswith("//") or "\\" in text:
        return False
    return text.isprintable() and " " not in text and "/../" not in f"{text}/" and "//" not in urlsplit(text).path
