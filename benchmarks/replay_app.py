"""The yardstick of the pages: what a run of the real page sent, sent again by a script that does nothing else.

REPLAYED names the folder of two runs, `0` and `1`; they take turns, starting with the first.
"""

import os
from pathlib import Path

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx


@st.cache_resource
def recorded(number: int) -> list[bytes]:
    """The messages of one run."""
    sent, place, found = (Path(os.environ["REPLAYED"]) / str(number)).read_bytes(), 0, []
    while place < len(sent):
        size = int.from_bytes(sent[place : place + 4], "big")
        found.append(sent[place + 4 : place + 4 + size])
        place += 4 + size
    return found


run = st.session_state.setdefault("run", 0)
st.session_state["run"] = 1 - run
context = get_script_run_ctx()
assert context is not None
for sent in recorded(run):
    context.enqueue(ForwardMsg.FromString(sent))
