"""The accounts: who may sign in, in which role, and whose customers they see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission, Role
from crm_core.db.models import User, UserSession
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records import passwords, sessions
from crm_core.translation import LANGUAGES


@dataclass(frozen=True)
class Account:
    """One account, as those who manage accounts see it."""

    user_id: int
    email: str
    name: str
    role: Role
    is_active: bool
    has_password: bool
    sees_only_own: bool
    language: str
    created_at: datetime
    seen_at: datetime | None


def list_all(*, session: Session, actor: Actor) -> list[Account]:
    """Every account by name, the disabled ones too."""
    actor.require(Permission.USERS_MANAGE)
    last_used = session.execute(
        select(UserSession.user_id, func.max(UserSession.seen_at).label("seen_at"))
        .where(UserSession.purpose == "session", UserSession.user_id.is_not(None))
        .group_by(UserSession.user_id)
    )
    seen = {row.user_id: row.seen_at for row in last_used}
    rows = session.scalars(select(User).order_by(User.name, User.id))
    return [_account(user, seen.get(user.id)) for user in rows]


def get_by_email(*, session: Session, actor: Actor, email: str) -> Account:
    """The account with this e-mail address; raise NotFound where there is none."""
    actor.require(Permission.USERS_MANAGE)
    user = session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()
    if user is None:
        raise NotFound("There is no account with the e-mail address {email}.", email=email.strip())
    return _account(user)


def create(
    *,
    session: Session,
    actor: Actor,
    email: str,
    name: str,
    role: Role = Role.STAFF,
    password: str | None = None,
    sees_only_own: bool = False,
    language: str = "en",
) -> Account:
    """Add an account. Without a password its owner sets one through a one-time link (`links.invite`).

    Raises:
        PermissionDenied: the actor may not manage accounts.
        Invalid: by field: email (not an address, taken), name (empty), password (too easy), language.
    """
    actor.require(Permission.USERS_MANAGE)
    return _account(
        add(
            session,
            email=email,
            name=name,
            role=role,
            password=password,
            sees_only_own=sees_only_own,
            language=language,
        )
    )


def set_role(*, session: Session, actor: Actor, user_id: int, role: Role) -> Account:
    """Give an account another role; raise Invalid, field `role`, where no admin would be left."""
    actor.require(Permission.USERS_MANAGE)
    user = _get(session, user_id)
    if role is not Role.ADMIN:
        _keep_an_admin(session, user)
    user.role = role.value
    session.flush()
    return _account(user)


def set_sees_only_own(*, session: Session, actor: Actor, user_id: int, sees_only_own: bool) -> Account:
    """Whether an account sees every customer or only those it owns."""
    actor.require(Permission.USERS_MANAGE)
    user = _get(session, user_id)
    user.sees_only_own = sees_only_own
    session.flush()
    return _account(user)


def disable(*, session: Session, actor: Actor, user_id: int) -> Account:
    """Keep an account from signing in and end its sessions at once; what it did stays in history."""
    actor.require(Permission.USERS_MANAGE)
    user = _get(session, user_id)
    _keep_an_admin(session, user)
    user.is_active = False
    session.flush()
    sessions.end_all_of(session, user_id)
    return _account(user)


def enable(*, session: Session, actor: Actor, user_id: int) -> Account:
    """Let a disabled account sign in again, with the password it had."""
    actor.require(Permission.USERS_MANAGE)
    user = _get(session, user_id)
    user.is_active = True
    session.flush()
    return _account(user)


def set_language(*, session: Session, actor: Actor, language: str) -> None:
    """Remember the language the actor reads; takes effect with the next look at the session."""
    if language not in LANGUAGES:
        raise Invalid({"language": FieldError("Rapport does not speak '{language}'.", {"language": language})})
    if actor.user_id is not None:
        _get(session, actor.user_id).language = language
        session.flush()


def has_admin(session: Session) -> bool:
    """Whether anyone can sign in as an admin."""
    return session.scalar(select(func.count()).where(*_ADMINS)) != 0


def add(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role,
    password: str | None,
    sees_only_own: bool = False,
    language: str = "en",
) -> User:
    """Add an account without asking who wants it: for the first admin and the demo. Raises Invalid as `create` does."""
    problems: dict[str, FieldError] = {}
    address = email.strip().lower()
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        problems["email"] = FieldError("'{email}' is not an e-mail address.", {"email": email.strip()})
    if not name.strip():
        problems["name"] = FieldError("A name is required.")
    if language not in LANGUAGES:
        problems["language"] = FieldError("Rapport does not speak '{language}'.", {"language": language})
    if password is not None:
        try:
            passwords.check_strength(password, email=address)
        except Invalid as error:
            problems |= error.fields
    if not problems and session.scalar(select(User.id).where(User.email == address)) is not None:
        problems["email"] = _taken(address)
    if problems:
        raise Invalid(problems)
    user = User(
        email=address,
        name=name.strip()[:200],
        role=role.value,
        password_hash=passwords.hash_password(password) if password is not None else None,
        sees_only_own=sees_only_own,
        language=language,
    )
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:  # someone added it a moment ago
        raise Invalid({"email": _taken(address)}) from error
    return user


_ADMINS = (User.role == Role.ADMIN.value, User.is_active.is_(True), User.password_hash.is_not(None))


def _keep_an_admin(session: Session, user: User) -> None:
    """Raise Invalid where this is the last one who can sign in as an admin; the rows stay locked until the commit."""
    admins = session.scalars(select(User.id).where(*_ADMINS).with_for_update()).all()
    if list(admins) == [user.id]:
        raise Invalid(
            {
                "role": FieldError(
                    "{name} is the last active admin. Make someone else an admin first.", {"name": user.name}
                )
            }
        )


def _get(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _taken(email: str) -> FieldError:
    return FieldError("There is an account with the e-mail address {email} already.", {"email": email})


def _account(user: User, seen_at: datetime | None = None) -> Account:
    return Account(
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=Role(user.role),
        is_active=user.is_active,
        has_password=user.password_hash is not None,
        sees_only_own=user.sees_only_own,
        language=user.language,
        created_at=user.created_at,
        seen_at=seen_at,
    )
