"""Run the benchmarks named on the command line, or all; print one table and write it as JSON."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.table import Context, Line, render

SUITES = (
    "warehouse",
    "overview",
    "service",
    "imports",
    "customers",
    "lists",
    "bulk_edit",
    "baskets",
    "next_product_noise",
    "value",
    "clusters",
    "clusters_noise",
    "churn",
    "churn_noise",
    "cohorts",
    "memory",
    "browser",
    "pages",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    wanted = sys.argv[1:] or list(SUITES)
    if unknown := set(wanted) - set(SUITES):
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    folder = Path(os.environ.get("RAPPORT_BENCH_DIR", RESULTS / "scratch"))
    folder.mkdir(parents=True, exist_ok=True)
    context = Context(folder)
    lines: list[Line] = []
    for name in wanted:
        print(f"{name} …", file=sys.stderr, flush=True)
        lines += importlib.import_module(f"benchmarks.{name}").run(context)
    print(render(lines))
    RESULTS.mkdir(exist_ok=True)
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "lines": [line.as_dict() for line in lines],
    }
    (RESULTS / "latest.json").write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(line.is_met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
