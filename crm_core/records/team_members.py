"""Who is in which team; an account is in one at most. Members are parts of their team, and of its history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession, touch
from crm_core.db.models import Change, Team, TeamMember, User
from crm_core.errors import FieldError, Invalid, NotFound


@dataclass(frozen=True)
class MemberChange:
    """Who joined a team and who left it in one change set, by the names their accounts have now."""

    joined: tuple[str, ...]
    left: tuple[str, ...]


def members(*, session: Session, actor: Actor) -> dict[int, list[int]]:
    """The accounts in each team, by its id.

    Raises:
        PermissionDenied: the role may not see customers, and so not who cares for them.
    """
    actor.require(Permission.CUSTOMERS_VIEW)
    found: dict[int, list[int]] = {}
    for team_id, user_id in session.execute(
        select(TeamMember.team_id, TeamMember.user_id).order_by(TeamMember.team_id, TeamMember.user_id)
    ):
        found.setdefault(team_id, []).append(user_id)
    return found


def join(session: TrackedSession, user_id: int, team_id: int) -> bool:
    """Make an account a member of a team, which it may be already; it leaves the one it was in. Whether it joined."""
    member = session.scalars(select(TeamMember).where(TeamMember.user_id == user_id).with_for_update()).one_or_none()
    if member is None:
        session.add(TeamMember(user_id=user_id, team_id=team_id))
    elif member.team_id != team_id:
        member.team_id = team_id
    else:
        return False
    session.flush()
    return True


def change_members(
    *, session: TrackedSession, actor: Actor, team_id: int, joining: Collection[int], leaving: Collection[int] = ()
) -> None:
    """Let accounts join a team, each leaving the one it was in, and others leave it; the rest stay where they are.

    Raises:
        PermissionDenied: the role may not change settings.
        NotFound: there is no such team.
        Invalid: an account that is not there.
    """
    actor.require(Permission.SETTINGS_EDIT)
    teams = {team.id: team for team in session.scalars(select(Team).order_by(Team.id).with_for_update())}
    if team_id not in teams:
        raise NotFound("There is no team {id}.", id=team_id)
    there = set(session.scalars(select(User.id).where(User.id.in_(joining))))
    if missing := set(joining) - there:
        raise Invalid({"members": FieldError("There is no number {id} to choose here", {"id": min(missing)})})
    was = dict(session.execute(select(TeamMember.user_id, TeamMember.team_id)).all())
    concerned: set[int] = set()
    going = select(TeamMember).where(TeamMember.team_id == team_id, TeamMember.user_id.in_(leaving))
    for member in session.scalars(going):
        session.delete(member)
        concerned.add(team_id)
    session.flush()
    for user_id in sorted(joining):
        if join(session, user_id, team_id):
            concerned |= {team_id, was.get(user_id, team_id)}
    for changed in sorted(concerned):
        touch(session, teams[changed])


def member_changes(
    *, session: Session, actor: Actor, team_id: int, change_set_ids: Collection[int]
) -> dict[int, MemberChange]:
    """By change set, who joined the team and who left it.

    Raises:
        PermissionDenied: the role may not see history.
    """
    actor.require(Permission.HISTORY_VIEW)
    changes = session.scalars(
        select(Change)
        .where(Change.change_set_id.in_(change_set_ids), Change.table_name == TeamMember.__tablename__)
        .order_by(Change.id)
    ).all()
    users = _users_of(session, [change.row_id for change in changes])
    names = dict(session.execute(select(User.id, User.name)).all())
    found: dict[int, tuple[list[str], list[str]]] = {}
    for change in changes:
        before, after = change.before or {}, change.after or {}
        name = names.get(after.get("user_id") or before.get("user_id") or users.get(change.row_id) or 0)
        if name is None:
            continue
        joined, left = found.setdefault(change.change_set_id, ([], []))
        if after.get("team_id") == team_id:
            joined.append(name)
        if before.get("team_id") == team_id:
            left.append(name)
    return {set_id: MemberChange(tuple(joined), tuple(left)) for set_id, (joined, left) in found.items()}


def _users_of(session: Session, member_ids: Collection[int]) -> dict[int, int]:
    """Whose memberships these are, or were."""
    found = dict(session.execute(select(TeamMember.id, TeamMember.user_id).where(TeamMember.id.in_(member_ids))).all())
    gone = select(Change.row_id, Change.before).where(
        Change.table_name == TeamMember.__tablename__,
        Change.op == "delete",
        Change.row_id.in_(set(member_ids) - found.keys()),
    )
    return found | {row_id: (before or {}).get("user_id", 0) for row_id, before in session.execute(gone)}
