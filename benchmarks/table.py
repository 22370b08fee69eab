"""One line of the benchmark table, and how it is timed and printed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from crm_core.workspace import Workspace


@dataclass(frozen=True)
class Line:
    """What was measured, beside what; `bar` is the ratio it must keep.

    "at most": ratio = measured ÷ yardstick. "at least": ratio = yardstick ÷ measured (how many times faster). A line
    without a bar is a witness beside another one and cannot be missed.
    """

    name: str
    measured: float
    yardstick_name: str
    yardstick: float
    bar: float | None
    better: Literal["at most", "at least"] = "at most"
    unit: str = "s"

    @property
    def ratio(self) -> float:
        return self.measured / self.yardstick if self.better == "at most" else self.yardstick / self.measured

    @property
    def is_met(self) -> bool:
        if self.bar is None:
            return True
        return self.ratio <= self.bar if self.better == "at most" else self.ratio >= self.bar

    def as_dict(self) -> dict[str, Any]:
        """The line as the JSON file holds it."""
        return asdict(self) | {"ratio": self.ratio, "is_met": self.is_met}


class Context:
    """What the benchmarks of one run share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def big(self) -> Workspace:
        """A workspace of 2,000,000 orders, built once and kept for later runs."""
        from benchmarks.fixtures import big_workspace

        return big_workspace(self.folder / "big")


def timed(work: Callable[[], object], repeat: int = 3) -> float:
    """Seconds of the fastest of `repeat` runs."""
    return costs(work, repeat)[0]


def costs(work: Callable[[], object], repeat: int = 3) -> tuple[float, float]:
    """Seconds by the clock and seconds of this process's CPU time, all threads together: each the least of `repeat`
    runs. On a machine that does other things too, CPU time is the steadier of the two."""
    return in_turns([work], repeat)[0]


def in_turns(works: Sequence[Callable[[], object]], repeat: int) -> list[tuple[float, float]]:
    """The `costs` of each, run one after the other in every round: what slows the machine for a while slows all."""
    least = [(float("inf"), float("inf"))] * len(works)
    for _ in range(repeat):
        for place, work in enumerate(works):
            start, start_cpu = time.perf_counter(), time.process_time()
            work()
            clock, cpu = time.perf_counter() - start, time.process_time() - start_cpu
            least[place] = min(least[place][0], clock), min(least[place][1], cpu)
    return least


def beside_fewer(name: str, many: Callable[[], object], few: Callable[[], object], *, of: int, repeat: int) -> Line:
    """A question to many records beside the same to `of` records: at most twice; the fastest of several, in ms."""
    (measured, _cpu), (yardstick, _cpu) = in_turns([many, few], repeat)
    return Line(name, measured * 1000, f"the same, of {of:,}", yardstick * 1000, 2, unit="ms")


def render(lines: Iterable[Line]) -> str:
    """The lines as a table for the terminal."""
    rows = [("", "measured", "yardstick", "ratio", "bar", "")]
    for line in lines:
        sign = "≤" if line.better == "at most" else "≥"
        rows.append(
            (
                f"{line.name}  [{line.yardstick_name}]",
                f"{line.measured:,.3f} {line.unit}",
                f"{line.yardstick:,.3f} {line.unit}",
                f"{line.ratio:,.2f}×",
                "–" if line.bar is None else f"{sign} {line.bar:g}×",
                "" if line.bar is None else "met" if line.is_met else "MISSED",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        row[0].ljust(widths[0])
        + "  "
        + "  ".join(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )
