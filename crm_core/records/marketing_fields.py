"""What may stand in the fields that segments and campaigns share."""

from __future__ import annotations

from typing import Any

from crm_core.errors import FieldError, Invalid
from crm_core.records.contact_fields import plain_text

MAX_NAME = 120
MAX_NOTE = 2_000


def clean_name(value: Any) -> str:
    """The name in one line without blanks around it; Invalid where it is empty or too long."""
    name = plain_text(str(value or ""))
    if not name:
        raise Invalid({"name": FieldError("Give it a name.")})
    if len(name) > MAX_NAME:
        raise Invalid({"name": FieldError("A name has at most {most} characters.", {"most": MAX_NAME})})
    return name


def clean_note(value: Any) -> str | None:
    """The note as typed, None where it is empty; Invalid where it is too long."""
    note = plain_text(str(value or ""), is_long=True)
    if len(note) > MAX_NOTE:
        raise Invalid({"note": FieldError("A note has at most {most} characters.", {"most": MAX_NOTE})})
    return note or None
