"""The part of the Segments page that shows who moved between segments from one day to another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.migration import (
    NOWHERE,
    MigrationParams,
    MigrationReport,
    MovedParams,
    Yardstick,
    migration,
    moved,
)
from crm_core.db.models import SegmentKind
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui import segments as shared
from dashboard.ui.drawing import chart, grid
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.save_segment import save_as_segment


def show(page: Page, yardstick: Yardstick, names: Mapping[str, str], before: date, after: date) -> None:
    """Streams, matrix and flows between two days, and the customers of a cell that was clicked."""
    report = page.run(migration, MigrationParams(yardstick, before, after))
    page.headline(sentence(report))
    called = {**names, NOWHERE: _("Not yet customers")}
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            charts.moves_sankey(report.moves, names=called, ends=(fmt().date(before), fmt().date(after)), **drawing()),
            key="moves_sankey",
            alt=_("Customers as streams from the segments they were in to those they are in now"),
        )
    with right:
        picked = chart(
            charts.moves_matrix(report.moves, names=called, **drawing()),
            key="moves_matrix",
            alt=_("Customers by the segment they were in and the one they are in now"),
            table=_matrix_table(report, called),
            on_select="rerun",
        )
        st.caption(_("Click a number to see its customers."))
    flows = _flows(report, names)
    grid(flows, key="moves_flows", alt=_("Segments"), right=flows.columns[1:])
    cell = _cell(picked, called)
    if cell is not None:
        _members(page, MovedParams(yardstick, before, after, *cell), called)
    elif report.moved and st.toggle(_("List everybody who changed their segment"), key="moves.everybody"):
        _members(page, MovedParams(yardstick, before, after), called)


def sentence(report: MigrationReport) -> str:
    """How many moved, and how many came."""
    if not report.customers:
        return _("Nobody had bought by {day}; choose a later one.", day=fmt().date(report.before))
    return _(
        "{share} of {n} customers changed their segment from {before} to {after}, and {new} came.",
        share=fmt().percent(report.moved / report.customers),
        n=fmt().number(report.customers),
        before=fmt().date(report.before),
        after=fmt().date(report.after),
        new=ngettext("{n} new one", "{n} new ones", report.new),
    )


def method(report_days: tuple[date, date]) -> str:
    """What is compared with what."""
    return _(
        "Every customer is measured twice by the same yardstick, with the sales up to {before} and with those up to "
        "{after}; nothing later counts. Rising means a segment further up in the list.",
        before=fmt().date(report_days[0]),
        after=fmt().date(report_days[1]),
    )


def _members(page: Page, asked: MovedParams, names: Mapping[str, str]) -> None:
    """The customers asked for, and a way to keep them; who moved is settled, so they are a list."""
    found = page.run(moved, asked).members
    if asked.origin is None or asked.target is None:
        title = _("Changed their segment")
        name = _("Changed their segment by {day}", day=fmt().date(asked.after))
    else:
        title = name = f"{names[asked.origin]} → {names[asked.target]}"
    shared.members(title, "", found, key="moved_members")
    if len(found):
        save_as_segment(
            f"moved.{asked.before}.{asked.after}.{asked.origin}.{asked.target}",
            name=name,
            kind=SegmentKind.MODEL,
            member_ids=[int(value) for value in found["customer_id"]],
            is_live=False,
        )


def _cell(picked: Any, names: Mapping[str, str]) -> tuple[str, str] | None:
    """The origin and target of the matrix' number that was clicked."""
    points = picked.selection.points if picked is not None else []
    cell = points[0].get("customdata") if points else None
    if not isinstance(cell, (list, tuple)) or len(cell) < 2 or cell[0] not in names or cell[1] not in names:
        return None
    return str(cell[0]), str(cell[1])


def _flows(report: MigrationReport, names: Mapping[str, str]) -> pd.DataFrame:
    rows = report.segments
    numbers = {
        _("Before"): rows["before"], _("Stayed"): rows["stayed"], _("Moved in"): rows["entered"], _("New"): rows["new"],
        _("Moved out"): rows["left"], _("Now"): rows["after"],
    }  # fmt: skip
    return pd.DataFrame(
        {_("Segment"): [names[key] for key in rows["key"]]}
        | {label: [fmt().number(int(n)) for n in column] for label, column in numbers.items()}
    )


def _matrix_table(report: MigrationReport, names: Mapping[str, str]) -> pd.DataFrame:
    filled = report.moves[report.moves["customers"] > 0]
    return pd.DataFrame(
        {
            _("From"): [names[key] for key in filled["origin"]],
            _("To"): [names[key] for key in filled["target"]],
            _("Customers"): [fmt().number(int(n)) for n in filled["customers"]],
            _("Sales"): [fmt().money(value) for value in filled["sales"]],
        }
    )
