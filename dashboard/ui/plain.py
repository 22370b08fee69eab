"""Text that is data, shown as it is: nothing in it is taken for markup, links or icons."""

from __future__ import annotations

from crm_core.errors import CrmError
from dashboard.i18n import error_text

_MARKUP = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]()<>#+-!|~$:"})

_JOINER = "\u2060"


def plain(text: str) -> str:
    """The text with every sign that could be markup escaped; for st.markdown, titles, captions and labels.

    Addresses of web pages are kept from becoming links by an invisible joiner, since no escape does that.
    """
    return text.translate(_MARKUP).replace("//", f"{_JOINER}//").replace("www.", f"www{_JOINER}.")


def unlinked(text: str) -> str:
    """As `plain`, and no e-mail address becomes a link either; for sentences, since copies would carry the joiner."""
    return plain(text).replace("@", f"@{_JOINER}")


def shortened(text: str, most: int) -> str:
    """The text where it has at most so many characters; else as much of it, and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def plain_error(error: CrmError) -> str:
    """An error's sentence in the reader's language; what it quotes from records or files stays text."""
    return unlinked(error_text(error))
