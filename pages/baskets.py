"""Baskets: what is bought together and holds up, what instead, and what each customer may buy next."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.baskets import baskets
from crm_core.analytics.next_product import next_product
from crm_core.analytics.pairs import CompanionParams, companions, substitutes
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import basket_pairs as pairs
from dashboard.ui import baskets as parts
from dashboard.ui import next_product as following
from dashboard.ui import next_product_list as recommending
from dashboard.ui.overview import drawing

page = ui.page("baskets", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; what is bought together appears here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

view = page.choice("view", _("Question"), parts.views(), default="rules", label_visibility="collapsed")
if view == "next":
    found = page.run(next_product, following.params(page, span))
    page.headline(following.sentence(found))
    following.evidence(found)
    recommending.members(page, found)
    page.method(*following.method(found))
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    params = parts.params(page, span)
report = page.run(baskets, params)

if view == "around":
    asked = CompanionParams(params, pairs.picker(page, report))
    around = page.run(companions, asked)
    page.headline(pairs.companion_sentence(around))
    pairs.companion_list(page, span, asked, around, pairs.companion_table(around))
    page.method(*pairs.method(params))
elif view == "instead":
    rivals = page.run(substitutes, params)
    page.headline(pairs.substitute_sentence(rivals))
    pairs.substitute_table(rivals)
    page.method(*pairs.method(params))
else:
    page.headline(parts.sentence(report))
    st.caption(parts.standing(report))
    shown = parts.shown(page, report)
    if len(shown):
        left, right = st.columns(2, gap="medium")
        with left:
            ui.chart(
                charts.rule_map(shown, **drawing()), key="rule_map", alt=_("Rules by support, confidence and lift")
            )
        with right:
            ui.chart(
                charts.rule_network(shown, **drawing()),
                key="rule_network",
                alt=_("Products joined by the rules"),
                least_width=415,  # below it, names run into the second column
            )
        chosen = parts.rule_table(shown)
        parts.actions(page, report, params, span, chosen)
    parts.bundles(report)
    page.method(*parts.method(report, params))
