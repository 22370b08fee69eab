"""The Contracts view of the Churn page: how long contracts last, who ends them, and whether to believe that."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.contract_churn import DURATION, FOLDS, ContractModel
from crm_core.analytics.contract_report import ContractReport
from crm_core.analytics.ranking import MEASURES, Estimate
from crm_core.formats import NO_DATA
from crm_core.imports.contract_file import Contracts
from crm_core.translation import translate_field
from dashboard.i18n import _, fmt, joined, texts
from dashboard.ui import contract_upload
from dashboard.ui.churn import MEASURE_NAMES, calibration_table
from dashboard.ui.drawing import chart, grid
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.plain import plain

SHOWN_WEIGHTS = 12


def view(page: Page) -> None:
    """From the file to the verdict."""
    found = contract_upload.read(page)
    if found is None:
        page.method(*_method(None))
        return
    contracts, report = found
    unit = _("days") if contracts.until is not None else _("in the file’s unit")
    page.headline(plain(_sentence(contracts, report)))
    st.caption(plain(_worth(report)))
    if report.curve is not None:
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.markdown(f"**{_('How long do contracts last?')}**")
            chart(
                charts.survival(report.curve, unit=unit, **drawing()),
                key="contract_survival",
                alt=_("Share of contracts still running by how long they have lasted"),
                table=_curve_table(report.curve),
            )
        with right:
            if report.model is not None:
                _calibration(report.model)
    if report.model is not None:
        _verdict_card(report.model)
        if report.reason is None:
            _weights(report.model)
    page.method(*_method(contracts))


def _sentence(contracts: Contracts, report: ContractReport) -> str:
    counted = _("Of {n} contracts, {ended} have ended.", n=fmt().number(report.n), ended=fmt().number(report.n_ended))
    if report.curve is None:
        return counted
    if report.median is None:
        return joined(counted, _("More than half last longer than they have been followed."))
    median = fmt().number(report.median)
    if contracts.until is not None:
        return joined(counted, _("Half of all contracts last longer than {n} days.", n=median))
    return joined(counted, _("Half of all contracts last longer than {n} in the file’s unit.", n=median))


def _worth(report: ContractReport) -> str:
    if report.reason is None:
        return _("The model of who ends them clearly beats the plain baselines.")
    refused = _("No model is shown as a reason to act.") if report.model is not None else ""
    return joined(translate_field(report.reason, texts()), refused)


def _curve_table(curve: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Lasted"): [fmt().number(float(time)) for time in curve["time"]],
            _("Followed so long"): [fmt().number(int(n)) for n in curve["at_risk"]],
            _("Ended"): [fmt().number(int(n)) for n in curve["ended"]],
            _("Still running"): [fmt().percent(float(share)) for share in curve["survival"]],
            _("95% interval"): [
                NO_DATA if pd.isna(low) else f"{fmt().percent(float(low))} – {fmt().percent(float(high))}"
                for low, high in zip(curve["low"], curve["high"], strict=True)
            ],
        }
    )


def _calibration(model: ContractModel) -> None:
    slope = _(
        "Calibration slope {slope} ({low} to {high}); 1 is perfect.",
        slope=fmt().number(model.slope.value, 2),
        low=fmt().number(model.slope.low, 2),
        high=fmt().number(model.slope.high, 2),
    )
    st.markdown(f"**{_('Are the chances right?')}** {plain(slope)}")
    chart(
        charts.churn_calibration(model.calibration, is_of_contracts=True, **drawing()),
        key="contract_calibration",
        alt=_("Share that ended by predicted chance"),
        table=calibration_table(model.calibration, happened=_("Ended"), counted=_("Contracts")),
    )


def _verdict_card(model: ContractModel) -> None:
    """The model beside how long alone and the same for everyone, with intervals."""
    title = _("The model beside plain baselines")
    named = {_("Model"): model.quality, _("How long it has lasted"): model.baseline or {}}
    columns = {_("Predicted by"): list(named)}
    for measure in MEASURES:
        digits = 1 if measure == "lift_10" else 3
        columns[_(MEASURE_NAMES[measure])] = [_said(quality.get(measure), digits) for quality in named.values()]
    gains = (model.gain_over_duration, model.gain)
    over = [_("How long it has lasted"), _("The same chance for everyone")]
    st.markdown(f"**{title}** {_('(95% intervals; a lower Brier score is better)')}")
    frame = pd.DataFrame(columns)
    grid(frame, key="contract_verdict", alt=title, right=frame.columns[1:], height="content")
    said = [_("{baseline}: {gain}", baseline=name, gain=_said(gain, 4)) for name, gain in zip(over, gains, strict=True)]
    st.caption(plain(_("By how much the model’s Brier score is lower than that of: {gains}.", gains="; ".join(said))))


def _said(found: Estimate | None, digits: int) -> str:
    if found is None:
        return NO_DATA
    ends = f"{fmt().number(found.low, digits)} – {fmt().number(found.high, digits)}"
    return f"{fmt().number(found.value, digits)} ({ends})"


def _weights(model: ContractModel) -> None:
    shown = model.weights.head(SHOWN_WEIGHTS)
    names = [
        _("How long it has lasted") if feature == DURATION else str(feature) for feature in shown["feature"].tolist()
    ]
    values = [_("one standard deviation more") if value is None else str(value) for value in shown["value"]]
    weights = [f"{'+' if weight > 0 else ''}{fmt().number(weight, 2)}" for weight in shown["weight"].tolist()]
    head = f"| {_('Property')} | {_('What it says')} | {_('Log-odds of ending')} |\n|---|---|--:|"
    lines = [f"| {' | '.join(map(plain, line))} |" for line in zip(names, values, weights, strict=True)]
    title = _("What goes with ending, and what with staying")
    st.markdown(f"**{title}**")
    st.markdown("\n".join([head, *lines]))  # words that wrap, where a grid would cut them on a phone


def _method(contracts: Contracts | None) -> list[str]:
    lines = [
        _(
            "A contract that still runs is not unknown: it has lasted so long at least. The curve is Kaplan and "
            "Meier’s (1958), its 95% interval uses Greenwood’s variance on the log(−log) scale."
        ),
        _(
            "The model is a logistic regression of “has ended” on the other columns and on how long the contract has "
            "lasted. Every contract is predicted by a model of the other four fifths ({folds} folds). It is to be used "
            "only where its Brier score clearly beats the same chance for everyone and how long the contract has "
            "lasted alone (paired bootstrap, 95%). It ranks and explains; it does not say when a contract will end, "
            "and what goes with ending need not cause it.",
            folds=FOLDS,
        ),
    ]
    if contracts is None:
        return [plain(line) for line in lines]
    if contracts.until is not None:
        lines.append(
            _(
                "Contracts are followed up to {day}, the latest day in the file; what ends later still runs.",
                day=fmt().date(contracts.until),
            )
        )
    if contracts.left_out:
        lines.append(
            _(
                "Columns left out, because they are the same everywhere or have too many different values: {columns}.",
                columns=", ".join(contracts.left_out),
            )
        )
    return [plain(line) for line in lines]
