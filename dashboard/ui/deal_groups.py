"""Where deals are won, on the Pipeline page: win rates by owner, product, source and size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.pipeline import PipelineReport
from crm_core.analytics.pipeline_groups import DIMENSIONS, SIZES
from crm_core.records import record_list
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.pipeline import number_button

GROUPS_SHOWN = 10


def groups(page: Page, report: PipelineReport) -> None:
    """Win rates by owner, product, source or size, with intervals; numbers open their deals."""
    options = {code: _(name) for code, name in DIMENSIONS.items()}
    dimension = page.choice("by", _("By"), options, default="owner", label_visibility="collapsed")
    found = report.groups[report.groups["dimension"] == dimension]
    if found.empty:
        st.caption(_("No deal was closed in {period}.", period=fmt().period(report.period)))
        return
    labels = group_names(dimension, found)
    shown = found.head(GROUPS_SHOWN)
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            charts.bars(
                labels[:GROUPS_SHOWN], shown["rate"], "ratio", low=shown["low"], high=shown["high"], **drawing()
            ),
            key="pipeline_groups",
            alt=_("Win rate by {dimension}", dimension=options[dimension]),
        )  # fmt: skip
    with right:
        frame = pd.DataFrame(
            {
                options[dimension]: labels,
                "closed": [fmt().number(n) for n in found["closed"]],
                _("Won"): [fmt().number(n) for n in found["won"]],
                _("Win rate"): [fmt().percent(rate) for rate in found["rate"]],
                _("Won value"): [fmt().money(value, compact=True) for value in found["won_value"]],
            }
        )
        config: dict[str, Any] = {
            name: st.column_config.TextColumn(alignment="right") for name in (_("Won"), _("Win rate"), _("Won value"))
        }
        codes = [f"group:{dimension}:{key or ''}" for key in found["key"]]
        config["closed"] = number_button(f"pipeline.group.{dimension}", _("Closed"), report, codes)
        st.dataframe(
            frame, key=f"pipeline_groups_{dimension}", hide_index=True, lazy=False, column_config=config,
            height="content" if len(frame) <= GROUPS_SHOWN else 385,
            alt=_("Win rate by {dimension}", dimension=options[dimension]),
        )  # fmt: skip


def group_names(dimension: str, found: pd.DataFrame) -> list[str]:
    """What each group is called; a size class by where it begins and ends."""
    if dimension == "size":
        return [_("No amount") if key is None else _size(int(key)) for key in found["key"]]
    if dimension == "owner":
        ids = [int(key) for key in found["key"] if key is not None]
        names: Mapping[Any, str] = {str(key): name for key, name in owner_names(ids).items()}
    else:
        names = dict(zip(found["key"], found["name"], strict=True)) if dimension == "product" else {}
    return [_("Not set") if key is None else names.get(key) or str(key) for key in found["key"]]


def owner_names(ids: Collection[int]) -> dict[int, str]:
    """What these accounts are called, by id; those closed by now too."""
    with session.workspace().read() as database_session:
        return record_list.names_of(database_session, "users", ids)


def _size(begin: int) -> str:
    place = SIZES.index(begin) + 1
    if place == len(SIZES):
        return _("{amount} or more", amount=fmt().money(begin, compact=True))
    return _(
        "{low} to under {high}", low=fmt().money(begin, compact=True), high=fmt().money(SIZES[place], compact=True)
    )
