"""`rapport serve`, writing down what each run of a page sends to the browser.

RECORDED names a folder; every run of a script becomes a file there, numbered in order: the messages of its protocol,
each after its length in four bytes.
"""

import os
from itertools import count
from pathlib import Path

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from crm_core.cli import main

_numbers = count()
_send = ScriptRunContext.enqueue
_reset = ScriptRunContext.reset


def _recorded(context: ScriptRunContext, message: ForwardMsg) -> None:
    sent = message.SerializeToString()
    with context.__dict__["recorded"].open("ab") as file:
        file.write(len(sent).to_bytes(4, "big") + sent)
    _send(context, message)


def _started(context: ScriptRunContext, *args: object, **kwargs: object) -> None:
    context.__dict__["recorded"] = Path(os.environ["RECORDED"]) / f"{next(_numbers):06}"
    _reset(context, *args, **kwargs)  # type: ignore[arg-type]


ScriptRunContext.enqueue = _recorded  # type: ignore[method-assign]
ScriptRunContext.reset = _started  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
