"""The people of a demo workspace: one per role, with a password everybody knows."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Role
from crm_core.config import Settings
from crm_core.db.models import User
from crm_core.errors import ConfigError
from crm_core.records import users

DEMO_PASSWORD = "rapport-demo"  # noqa: S105 (known on purpose; a demo is served to this machine only)


@dataclass(frozen=True)
class DemoAccount:
    """One person of the demo."""

    email: str
    name: str
    role: Role


DEMO_ACCOUNTS = (
    DemoAccount("admin@demo.rapport.example", "Ada Okafor", Role.ADMIN),
    DemoAccount("manager@demo.rapport.example", "Marta Lindqvist", Role.MANAGER),
    DemoAccount("marketing@demo.rapport.example", "Mei Tanaka", Role.MARKETING),
    DemoAccount("support@demo.rapport.example", "Samir Haddad", Role.SUPPORT),
    DemoAccount("staff@demo.rapport.example", "Stella Moreno", Role.STAFF),
)


def create_demo_accounts(session: Session) -> list[User]:
    """The demo's people, added where they are not there yet; in the order of DEMO_ACCOUNTS."""
    there = {
        user.email: user
        for user in session.scalars(select(User).where(User.email.in_([a.email for a in DEMO_ACCOUNTS])))
    }
    return [
        there.get(account.email)
        or users.add(session, email=account.email, name=account.name, role=account.role, password=DEMO_PASSWORD)
        for account in DEMO_ACCOUNTS
    ]


def is_loopback(host: str) -> bool:
    """Whether a host that is served reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_public_demo(settings: Settings, *, is_demo: bool) -> None:
    """Raise ConfigError where a production server would open accounts everybody knows to other machines."""
    if is_demo and settings.env == "production" and not (is_loopback(settings.host) and not settings.public_url):
        raise ConfigError(
            "This is a demo workspace: its passwords are known to everybody. "
            "Serve it on 127.0.0.1, or choose another workspace with RAPPORT_DATA_DIR or RAPPORT_DATABASE_URL."
        )
