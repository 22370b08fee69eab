"""People with accounts, for tests of who may do what."""

from __future__ import annotations

from crm_core.access import Actor, Role, Scope
from crm_core.db.engine import Database
from crm_core.db.models import User


def account(database: Database, name: str, role: Role = Role.ADMIN, *, sees_only_own: bool = False) -> Actor:
    """Someone with an account of that role, as the services meet them."""
    with database.untracked() as session:
        user = User(email=f"{name.lower()}@example.com", name=name, role=role.value, sees_only_own=sees_only_own)
        session.add(user)
        session.flush()
        user_id = user.id
    return Actor(user_id, name, role, Scope(user_id) if sees_only_own else Scope())
