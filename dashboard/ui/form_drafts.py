"""What someone typed and did not save, kept on the server under the form's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.records import drafts
from crm_core.records.drafts import SavedDraft
from dashboard import session

DRAFT_PATIENCE = 1.0
"""Seconds a draft waits for another writer; typing must not stand still while an import is saved."""


def load(form: str) -> SavedDraft | None:
    """What this person typed into the form and did not save."""
    with session.workspace().read() as database_session:
        return drafts.load(session=database_session, actor=session.actor(), form=form)


def keep(form: str, values: Mapping[str, Any], seen_version: int | None) -> None:
    """Keep what is typed, or forget the draft where that is nothing.

    Raises:
        CrmError: the server cannot keep it now.
    """
    with session.workspace().database.untracked_if_free(within=DRAFT_PATIENCE) as database_session:
        actor = session.actor()
        if values:
            drafts.save(session=database_session, actor=actor, form=form, values=values, seen_version=seen_version)
        else:
            drafts.discard(session=database_session, actor=actor, form=form)


def drop(form: str) -> None:
    """Forget the draft, waiting as long as it takes for another writer.

    Raises:
        CrmError: it cannot be deleted; it is there again at the next opening.
    """
    with session.workspace().database.untracked() as database_session:
        drafts.discard(session=database_session, actor=session.actor(), form=form)
