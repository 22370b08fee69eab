"""Records can be found by their words whatever wrote them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WRITES = """
from crm_core.access import SYSTEM
from crm_core.config import Settings
from crm_core.records import record_list, record_service
from crm_core.records.record_list import RecordQuery
from crm_core.records.tickets import TICKETS
from crm_core.workspace import Workspace

workspace = Workspace.open(Settings(data_dir={folder!r}, _env_file=None), create=True)
with workspace.write(SYSTEM, "form") as session:
    record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values={{"subject": "Printer smokes"}})
with workspace.read() as session:
    found = record_list.page(session=session, actor=SYSTEM, kind=TICKETS, query=RecordQuery(text="smokes"))
print(found.total)
"""


def test_a_process_that_only_writes_records_keeps_their_search_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITES.format(folder=str(tmp_path))], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "1", done.stderr
