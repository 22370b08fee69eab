"""What passes through the pipes between the server and its worker: JSON with its length, then bytes with theirs."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

from crm_core.analytics.values import Json, decode, encode, named_types
from crm_core.errors import AnalysisFailed, CrmError, FieldError

_LENGTHS = struct.Struct(">IQ")
_SENTENCES = named_types(FieldError)
"""What fills a template may itself be a sentence, to be translated where it is read."""

Message = Mapping[str, Json]


def send(pipe: BinaryIO, message: Message, blob: bytes = b"") -> None:
    """Write one message. Raises OSError if nobody reads the pipe any more."""
    text = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    pipe.write(_LENGTHS.pack(len(text), len(blob)) + text)
    if blob:
        pipe.write(blob)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[dict[str, Json], bytes] | None:
    """The next message; None when the other side is gone, even in the middle of one."""
    head = pipe.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    n_text, n_blob = _LENGTHS.unpack(head)
    text, blob = pipe.read(n_text), pipe.read(n_blob)
    if len(text) < n_text or len(blob) < n_blob:
        return None
    return json.loads(text), blob


def error_to_json(error: CrmError) -> Json:
    """An error for the other side: its code, template and what fills it."""
    params: dict[str, Json] = {}
    for name, value in error.params.items():
        try:
            params[name] = encode(value, _SENTENCES)
        except TypeError:  # only its words matter to whoever reads them
            params[name] = str(value)
    return {"code": error.code, "template": error.template, "params": params}


def error_from_json(data: Json) -> CrmError:
    """The error the other side raised, of the same class where that can be built from a template."""
    params: dict[str, Any] = {name: decode(value, _SENTENCES) for name, value in data["params"].items()}
    kind = next((cls for cls in _classes(CrmError) if cls.code == data["code"]), AnalysisFailed)
    if kind.__init__ is not CrmError.__init__:
        kind = AnalysisFailed
    return kind(data["template"], **params)


def _classes(root: type[CrmError]) -> list[type[CrmError]]:
    return [root, *(found for child in root.__subclasses__() for found in _classes(child))]
