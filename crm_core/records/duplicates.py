"""Customers who may be the one being typed, with reasons: asked for while typing, so quick on a million customers.

Candidates come from indexes (the same e-mail, phone, words of the name, one word the same and the other beginning
alike); only they are compared. The evidence is combined as independent hints, 1 − Π(1 − weight): a shared e-mail nearly
decides, a shared name only suggests, and a name that many have suggests nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import Customer
from crm_core.records import contact_fields
from crm_core.records.find import collect
from crm_core.records.scope import customers_in
from crm_core.records.terms import Clause, TermRange, beginning_with, fold, name_words, phone_ending
from crm_core.translation import N_

THRESHOLD = 0.5
_PER_BLOCK = 100  # candidates one index may bring
_COMMON_NAME = 10  # as many with the very name: it tells nobody apart
_ALIKE = 0.85  # names at least this similar count as alike
_MIN_PHONE_DIGITS = 7
_SHARED_MAILBOXES = frozenset({"info", "office", "mail", "contact", "sales", "hello", "admin", "kontakt", "service"})
_LEGAL_FORMS = frozenset(
    {
        "ag", "bv", "co", "corp", "corporation", "gmbh", "inc", "kg", "limited", "llc", "ltd", "nv", "oy", "plc", "pty",
        "sa", "sarl", "sas", "spa", "srl",
    }
)  # fmt: skip

_WEIGHTS = {
    N_("the same e-mail address"): 0.9,
    N_("the same phone number"): 0.8,
    N_("the same name"): 0.6,
    N_("a similar name"): 0.5,
    N_("the same e-mail name at another provider"): 0.3,
    N_("the same birthday"): 0.4,
    N_("the same postcode"): 0.25,
    N_("the same city"): 0.1,
}


@dataclass(frozen=True)
class Reason:
    """Why two customers look alike: a template and what fills it."""

    template: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Duplicate:
    """A customer who may be the one being typed. `score` is from 0 to 1; from 0.5 on it is worth a look."""

    customer_id: int
    ref: str
    name: str
    email: str | None
    phone: str | None
    city: str | None
    score: float
    reasons: tuple[Reason, ...]


def likely(
    *, session: Session, actor: Actor, values: Mapping[str, Any], exclude_id: int | None = None, limit: int = 5
) -> list[Duplicate]:
    """The customers of the actor's scope who look most like what is typed so far, the likeliest first.

    Values may be half typed: what cannot be read as an e-mail address or a phone number yet is left aside.

    Raises:
        PermissionDenied: the role may not see customers.
    """
    actor.require(Permission.CUSTOMERS_VIEW)
    typed = _typed(values)
    ids: set[int] = set()
    for block in _blocks(typed):
        ids.update(collect(session, block, limit=_PER_BLOCK))
    if typed.get("phone"):
        ids.update(session.scalars(select(Customer.id).where(Customer.phone == typed["phone"]).limit(_PER_BLOCK)))
    ids.discard(exclude_id or 0)
    if not ids:
        return []
    candidates = session.scalars(select(Customer).where(Customer.id.in_(ids), customers_in(actor.scope))).all()
    namesakes = sum(_similarity(typed, candidate) == 1 for candidate in candidates)
    scored = [_compare(typed, candidate, is_common=namesakes >= _COMMON_NAME) for candidate in candidates]
    found = [duplicate for duplicate in scored if duplicate.score >= THRESHOLD]
    return sorted(found, key=lambda duplicate: (-duplicate.score, duplicate.customer_id))[:limit]


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is typed and can be read; a half-typed value is no error here."""
    read: dict[str, Any] = {}
    for name in ("country", "name", "email", "phone", "birthday_on", "postcode", "city", "kind"):
        if values.get(name) in (None, ""):
            continue
        try:
            read[name] = contact_fields.clean(name, values[name], read)
        except contact_fields.Refused:
            if name == "phone":
                digits = "".join(character for character in str(values[name]) if character.isdigit()).lstrip("0")
                if len(digits) >= _MIN_PHONE_DIGITS:
                    read["phone_ending"] = digits
    return read


def _blocks(typed: Mapping[str, Any]) -> list[Sequence[Clause]]:
    """The questions to the term index, each of clauses that all must be met."""
    blocks: list[Sequence[Clause]] = []
    if email := typed.get("email"):
        whole = fold(email)
        blocks.append([(TermRange(whole[:64]),)])
        mailbox = whole.rpartition("@")[0]
        if mailbox not in _SHARED_MAILBOXES:
            blocks.append([(beginning_with(mailbox + "@"),)])
    if digits := typed.get("phone_ending"):
        blocks.append([(phone_ending(digits),)])
    words = _telling_words(typed.get("name") or "")
    if words:
        blocks.append([(TermRange(word[:64]),) for word in words])
    if len(words) > 1:
        first, last = words[0], words[-1]
        blocks.append([(TermRange(last[:64]),), (beginning_with(first[:2]),)])
        blocks.append([(TermRange(first[:64]),), (beginning_with(last[:2]),)])
    return blocks


def _telling_words(name: str) -> list[str]:
    """The words of a name without legal forms: 'Acme GmbH' and 'Acme' are one."""
    words = list(dict.fromkeys(name_words(name)))
    return [word for word in words if word not in _LEGAL_FORMS] or words


def _similarity(typed: Mapping[str, Any], candidate: Customer) -> float:
    """How alike the names are, from 0 to 1; the order of the words does not matter."""
    if not typed.get("name"):
        return 0.0
    ours, theirs = (" ".join(sorted(_telling_words(name))) for name in (typed["name"], candidate.name))
    return fuzz.ratio(ours, theirs) / 100 if ours and theirs else 0.0


def _compare(typed: Mapping[str, Any], candidate: Customer, *, is_common: bool) -> Duplicate:
    hints: list[str] = []
    email, phone = typed.get("email"), typed.get("phone")
    if email and candidate.email:
        ours, theirs = fold(email), fold(candidate.email)
        mailbox = ours.rpartition("@")[0]
        if ours == theirs:
            hints.append("the same e-mail address")
        elif mailbox == theirs.rpartition("@")[0] and mailbox not in _SHARED_MAILBOXES:
            hints.append("the same e-mail name at another provider")
    ending = typed.get("phone_ending")
    if candidate.phone and (phone == candidate.phone or (ending and candidate.phone.endswith(ending))):
        hints.append("the same phone number")
    similarity = _similarity(typed, candidate)
    if similarity >= _ALIKE:
        hints.append("the same name" if similarity == 1 else "a similar name")
    for name, hint in (
        ("birthday_on", "the same birthday"),
        ("postcode", "the same postcode"),
        ("city", "the same city"),
    ):
        ours_text, theirs_text = str(typed.get(name) or ""), str(getattr(candidate, name) or "")
        if ours_text and fold(ours_text) == fold(theirs_text):
            hints.append(hint)
    against = 1.0
    for hint in hints:
        weight = _WEIGHTS[hint] * (0.5 if is_common and hint == "the same name" else 1.0)
        against *= 1 - weight
    birthdays = typed.get("birthday_on"), candidate.birthday_on
    is_other_person = None not in birthdays and birthdays[0] != birthdays[1]
    score = (1 - against) * (0.6 if is_other_person else 1.0)
    return Duplicate(
        customer_id=candidate.id,
        ref=candidate.ref,
        name=candidate.name,
        email=candidate.email,
        phone=candidate.phone,
        city=candidate.city,
        score=round(score, 3),
        reasons=tuple(Reason(hint) for hint in hints),
    )
