"""The yardstick of the pages: what a run of the real page sent, sent again by a script that does nothing else.

REPLAYED names the folder of two runs, `0` and `1`; they take turns, starting with the first, whenever another choice
is made on the page. A run for any other reason sends what is shown already.
"""

import os
from pathlib import Path

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.state.session_state import Serialized


@st.cache_resource
def recorded(number: int) -> list[bytes]:
    """The messages of one run."""
    sent, place, found = (Path(os.environ["REPLAYED"]) / str(number)).read_bytes(), 0, []
    while place < len(sent):
        size = int.from_bytes(sent[place : place + 4], "big")
        found.append(sent[place + 4 : place + 4 + size])
        place += 4 + size
    return found


@st.cache_resource
def groups() -> set[str]:
    """The groups of choices the page has."""
    messages = map(ForwardMsg.FromString, recorded(0))
    return {message.delta.new_element.button_group.id for message in messages} - {""}


def chosen(context: ScriptRunContext) -> dict[str, bytes]:
    """What was chosen in each group, as far as the browser has said."""
    said = context.session_state._state._new_widget_state.states
    return {
        name: state.value.SerializeToString()
        for name, state in said.items()
        if name in groups() and isinstance(state, Serialized)
    }


context = get_script_run_ctx()
assert context is not None
now = chosen(context)
if "run" not in st.session_state:
    st.session_state["run"] = 0
elif now != st.session_state["chosen"]:
    st.session_state["run"] = 1 - st.session_state["run"]
st.session_state["chosen"] = now
for sent in recorded(st.session_state["run"]):
    context.enqueue(ForwardMsg.FromString(sent))
