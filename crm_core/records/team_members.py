"""Who is in which team; an account is in one at most."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession
from crm_core.db.models import Team, TeamMember, User
from crm_core.errors import FieldError, Invalid, NotFound


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


def set_members(*, session: TrackedSession, actor: Actor, team_id: int, user_ids: Collection[int]) -> None:
    """Make these accounts, and no others, the team's; who was in another team leaves it.

    Raises:
        PermissionDenied: the role may not change settings.
        NotFound: there is no such team.
        Invalid: an account that is not there.
    """
    actor.require(Permission.SETTINGS_EDIT)
    team = session.scalars(select(Team).where(Team.id == team_id).with_for_update()).one_or_none()
    if team is None:
        raise NotFound("There is no team {id}.", id=team_id)
    there = set(session.scalars(select(User.id).where(User.id.in_(user_ids))))
    if missing := set(user_ids) - there:
        raise Invalid({"members": FieldError("There is no number {id} to choose here", {"id": min(missing)})})
    session.execute(delete(TeamMember).where((TeamMember.team_id == team_id) | TeamMember.user_id.in_(user_ids)))
    session.add_all(TeamMember(user_id=user_id, team_id=team_id) for user_id in sorted(there))
    session.flush()
