"""Sending an open page's browser to another address, by Streamlit's own message for it."""

from __future__ import annotations

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

SIGN_IN_AGAIN = "/sign-in?ended=1"


def redirect_message(path: str) -> ForwardMsg:
    """The message that makes a page leave for this path."""
    message = ForwardMsg()
    message.auth_redirect.url = path
    return message


def send_browser_to(path: str) -> None:
    """Make the page of the script that is running leave for this path. The script goes on; stop it with st.stop()."""
    context = get_script_run_ctx()
    if context is not None:  # None only in bare mode, where there is no browser
        context.enqueue(redirect_message(path))
