"""The pages before sign-in as plain HTML: they work without scripts, in both languages and both themes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from crm_core.records.demo_accounts import DemoAccount
from crm_core.records.links import Invited
from crm_core.translation import LANGUAGES, N_, Translator

STATIC = Path(__file__).resolve().parent / "static"
ROLE_NAMES = {
    "admin": N_("Admin"),
    "manager": N_("Manager"),
    "marketing": N_("Marketing"),
    "support": N_("Support"),
    "staff": N_("Staff"),
}

_NAMED, _SILENT = 'role="img" aria-label="Rapport"', 'aria-hidden="true"'  # the name stands beside it as text
_LOGO = (STATIC / "logo.svg").read_text(encoding="utf-8").replace(_NAMED, _SILENT)


@dataclass(frozen=True)
class Field:
    """One labelled input of a form; `problem` is said beside it."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    value: str = ""
    hint: str | None = None
    problem: str | None = None


def sign_in_page(
    _: Translator,
    *,
    next_path: str,
    email: str = "",
    problem: str | None = None,
    note: str | None = None,
    demo_accounts: Iterable[DemoAccount] = (),
) -> str:
    """The sign-in form; with the accounts of a demo to try, where there are any."""
    fields = (
        Field("email", _("E-mail address"), "email", "username", value=email),
        Field("password", _("Password"), "password", "current-password"),
    )
    form = _form(
        "/sign-in",
        fields,
        button=_("Sign in"),
        hidden={"next": next_path},
        focus="password" if email else "email",
        are_all_wrong=problem is not None,
    )
    demo = "".join(_demo_button(account, next_path, _) for account in demo_accounts)
    if demo:
        heading = escape(_("This is a demo. Look around as"))
        demo = f'<section class="demo"><h2>{heading}</h2><div class="people">{demo}</div></section>'
    body = f"{_notice(note)}{_alert(problem)}{form}{demo}"
    return _page(_, _("Sign in"), body, here="/sign-in", query={"next": next_path} if next_path != "/" else {})


def first_admin_page(
    _: Translator, *, token: str, values: dict[str, str] | None = None, problems: dict[str, str] | None = None
) -> str:
    """The form that creates the first admin."""
    given, wrong = values or {}, problems or {}
    fields = (
        Field("name", _("Your name"), autocomplete="name", value=given.get("name", ""), problem=wrong.get("name")),
        Field("email", _("E-mail address"), "email", "username", given.get("email", ""), problem=wrong.get("email")),
        _new_password(_, wrong.get("password")),
    )
    intro = _("This workspace is new. Create the account that manages it.")
    form = _form(
        "/first-admin", fields, button=_("Create account"), hidden={"token": token}, focus=_first(wrong, "name")
    )
    return _page(_, _("Welcome to Rapport"), _notice(intro) + form, here="/first-admin", query={"token": token})


def set_password_page(_: Translator, *, token: str, person: Invited, problem: str | None = None) -> str:
    """The form that sets the password of an account somebody was invited to."""
    identity = (  # so that the browser's password manager knows whose password this is
        f'<input class="unseen" name="email" autocomplete="username" value="{escape(person.email)}"'
        ' readonly tabindex="-1" aria-hidden="true">'
    )
    intro = _("{name}, choose the password you will sign in with.", name=person.name)
    form = _form(
        "/set-password",
        (_new_password(_, problem),),
        button=_("Set password"),
        hidden={"token": token},
        focus="password",
        extra=identity,
    )
    return _page(_, _("Set your password"), _notice(intro) + form, here="/set-password", query={"token": token})


def sign_out_page(_: Translator) -> str:
    """Asks whether to sign out here or everywhere."""
    here = f'<button class="main">{escape(_("Sign out"))}</button>'
    everywhere = f'<button name="everywhere" value="1">{escape(_("Sign out everywhere"))}</button>'
    form = f'<form method="post" action="/sign-out">{here}{everywhere}</form>'
    back = f'<p class="back"><a href="/">{escape(_("Back to Rapport"))}</a></p>'
    return _page(_, _("Sign out?"), form + back, here="/sign-out", query={})


def message_page(_: Translator, *, title: str, message: str) -> str:
    """One message and the way to the sign-in page."""
    link = f'<p class="back"><a href="/sign-in">{escape(_("To the sign-in page"))}</a></p>'
    return _page(_, title, _alert(message) + link, here="/sign-in", query={})


def _page(_: Translator, title: str, body: str, *, here: str, query: dict[str, str]) -> str:
    languages = "".join(_language_link(code, name, _, here, query) for code, name in LANGUAGES.items())
    return f"""<!DOCTYPE html>
<html lang="{_.language.replace("_", "-")}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{escape(title)} · Rapport</title>
<link rel="icon" href="/sign-in/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body>
<main>
<p class="brand">{_LOGO}<span>Rapport</span></p>
<div class="card">
<h1>{escape(title)}</h1>
{body}
</div>
<nav aria-label="{escape(_("Language"))}">{languages}</nav>
</main>
</body>
</html>
"""


def _form(
    action: str,
    fields: Iterable[Field],
    *,
    button: str,
    hidden: dict[str, str],
    focus: str,
    are_all_wrong: bool = False,
    extra: str = "",
) -> str:
    inputs = "".join(_input(field, has_focus=field.name == focus, is_wrong=are_all_wrong) for field in fields)
    secrets = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    return (
        f'<form method="post" action="{action}">{secrets}{extra}{inputs}'
        f'<button class="main">{escape(button)}</button></form>'
    )


def _input(field: Field, *, has_focus: bool, is_wrong: bool) -> str:
    described = [f"{field.name}-hint"] if field.hint else []
    described += [f"{field.name}-problem"] if field.problem else ["problem"] if is_wrong else []
    attributes = f' aria-describedby="{" ".join(described)}"' if described else ""
    if field.problem or is_wrong:
        attributes += ' aria-invalid="true"'
    if has_focus:
        attributes += " autofocus"
    if field.kind == "email":
        attributes += ' inputmode="email" spellcheck="false" autocapitalize="none"'
    hint = f'<p class="hint" id="{field.name}-hint">{escape(field.hint)}</p>' if field.hint else ""
    problem = (
        f'<p class="problem" id="{field.name}-problem" role="alert">{escape(field.problem)}</p>'
        if field.problem
        else ""
    )
    return (
        f'<label for="{field.name}">{escape(field.label)}</label>'
        f'<input id="{field.name}" name="{field.name}" type="{field.kind}" autocomplete="{field.autocomplete}"'
        f' value="{escape(field.value)}" maxlength="256" required{attributes}>{hint}{problem}'
    )


def _new_password(_: Translator, problem: str | None) -> Field:
    hint = _("At least 10 characters; a few random words do well.")
    return Field("password", _("Password"), "password", "new-password", hint=hint, problem=problem)


def _first(problems: dict[str, str], otherwise: str) -> str:
    return next(iter(problems), otherwise)


def _notice(text: str | None) -> str:
    return f'<p class="notice" role="status">{escape(text)}</p>' if text else ""


def _alert(text: str | None) -> str:
    return f'<p class="alert" role="alert" id="problem">{escape(text)}</p>' if text else ""


def _demo_button(account: DemoAccount, next_path: str, _: Translator) -> str:
    role = escape(_(ROLE_NAMES[account.role.value]))
    return (
        f'<form method="post" action="/sign-in"><input type="hidden" name="next" value="{escape(next_path)}">'
        f'<button name="demo" value="{escape(account.email)}"><b>{role}</b> '
        f"<span>{escape(account.name)}</span></button></form>"
    )


def _language_link(code: str, name: str, _: Translator, here: str, query: dict[str, str]) -> str:
    tag = code.replace("_", "-")
    if code == _.language:
        return f'<b lang="{tag}" aria-current="true">{escape(name)}</b>'
    address = f"{here}?{urlencode({**query, 'language': code})}"
    return f'<a href="{escape(address)}" lang="{tag}" hreflang="{tag}">{escape(name)}</a>'
