"""Slowing down guesses: each failed sign-in is a row, and too many of them make the next one wait.

It counts by account and by address, the same for accounts that exist and those that do not, and survives a restart. A
try that has to wait is refused before the password is looked at and is not counted, so nobody is kept out for longer
by someone else's hammering than by their failures.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from crm_core.db.models import SignInAttempt

LOOK_BACK = timedelta(hours=1)
LONGEST_WAIT = timedelta(minutes=15)
FREE_TRIES_PER_ACCOUNT = 5
FREE_TRIES_PER_ADDRESS = 30


@dataclass(frozen=True)
class Source:
    """Whose sign-in is tried and from where, as it is counted: the e-mail's SHA-256 and the address (IPv6: its /64)."""

    email_hash: str
    address: str


def source(email: str, address: str | None) -> Source:
    """How a try with this e-mail from this network address is counted."""
    return Source(hashlib.sha256(email.strip().casefold().encode()).hexdigest(), _network(address))


def wait_needed(session: Session, tried: Source, *, at: datetime) -> timedelta:
    """How long this account and address must wait from `at` before the next try; zero if they need not.

    After 5 failures of an account, or 30 from an address, within an hour each further one doubles the wait: 1, 2, 4, 8,
    then 15 minutes from the last failure.
    """
    by_account = _wait(session, SignInAttempt.email_hash == tried.email_hash, FREE_TRIES_PER_ACCOUNT, at)
    if not tried.address:  # nobody's in particular, so it must not keep everybody out
        return by_account
    return max(by_account, _wait(session, SignInAttempt.address == tried.address, FREE_TRIES_PER_ADDRESS, at))


def count_try(session: Session, tried: Source, *, at: datetime) -> None:
    """Count a try as failed, before the password is looked at: tries side by side do not slip through uncounted."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < at - LOOK_BACK))
    session.add(SignInAttempt(email_hash=tried.email_hash, address=tried.address, at=at))
    session.flush()


def forget(session: Session, tried: Source) -> None:
    """Forget the account's failures: its owner has signed in. Those of other accounts from this address stay."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.email_hash == tried.email_hash))


def _wait(session: Session, condition: ColumnElement[bool], free: int, at: datetime) -> timedelta:
    count, last = session.execute(
        select(func.count(), func.max(SignInAttempt.at)).where(condition, SignInAttempt.at > at - LOOK_BACK)
    ).one()
    if count < free:
        return timedelta()
    doublings = min(count - free, 10)
    wait = min(timedelta(minutes=2**doublings), LONGEST_WAIT)
    return max(last + wait - at, timedelta())


def _network(address: str | None) -> str:
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return (address or "")[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))  # one subscriber has a whole /64
    return str(parsed)
