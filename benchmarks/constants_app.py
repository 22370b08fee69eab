"""The yardstick of the browser benchmark: the Overview's elements, drawn from constants. Nothing is computed here.

The constants of both states lie in the file that CONSTANTS names; benchmarks.browser writes them from a real report.
"""

import json
import os
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st


@st.cache_resource
def constants() -> dict:
    """Both states, with the figures ready to draw, and the other pages' titles."""
    found = json.loads(Path(os.environ["CONSTANTS"]).read_text())
    for state in found["states"].values():
        state["figures"] = [go.Figure(figure) for figure in state["figures"]]
        state["tables"] = [pd.DataFrame(table) for table in state["tables"]]
    return found


def numbers(name: str, table: pd.DataFrame) -> None:
    with st.popover("Numbers", icon=":material/table:", type="tertiary", key=f"{name}_numbers"):
        st.dataframe(table, hide_index=True, key=f"{name}_table")


def overview() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.title("Overview", anchor=False)
        st.caption("Data as of Nov 22, 2026, 14:05", width="content")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Period", ["Last 12 months", "Last 90 days"], key="period", width=190)
        labels = ["Period before", "Year before", "Nothing"]
        st.segmented_control("Compare with", labels, default=labels[0], required=True, key="compare")
        grain = st.segmented_control("Steps", ["Days", "Weeks", "Months"], default="Months", required=True, key="grain")
        with st.popover("Filters", icon=":material/tune:", key="filters"):
            st.selectbox("Country", ["All countries", "Germany"], key="country")
            st.selectbox("Channel", ["All channels", "web"], key="channel")
    state = constants()["states"]["week" if grain == "Weeks" else "month"]
    st.markdown(f"##### {state['headline']}")
    with st.grid(4, min_column_width=150, gap="small", key="kpi_cards"):
        for number, card in enumerate(state["cards"]):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"kpi_{number}"):
                st.metric(**card)
                st.page_link(
                    rows, label="1,234 rows", icon=":material/table_rows:", query_params={"metric": str(number)}
                )
    st.segmented_control("Chart", state["charted"], default=state["charted"][0], required=True, key="metric")
    st.plotly_chart(state["figures"][0], key="series", theme=None, config={"displayModeBar": False})
    numbers("series", state["tables"][0])
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Why net sales changed", anchor=False)
        st.plotly_chart(state["figures"][1], key="bridge", theme=None, config={"displayModeBar": False})
        numbers("bridge", state["tables"][1])
    with right:
        st.subheader("Where it changed most", anchor=False)
        st.dataframe(state["tables"][2], hide_index=True, key="drivers")
    with st.expander("How this is computed", icon=":material/function:"):
        for line in state["method"]:
            st.markdown(line)


st.set_page_config(page_title="Constants", layout="wide")
rows = st.Page(lambda: st.title("Rows"), title="Rows", url_path="rows", visibility="hidden")
sections = {
    section: [st.Page(lambda: None, title=title, url_path=title.lower().replace(" ", "-")) for title in titles]
    for section, titles in constants()["sections"].items()
}
first = [st.Page(overview, title="Overview", default=True), rows]
chosen = st.navigation(sections | {"Reports": [*first, *sections["Reports"]]})
with st.sidebar:
    st.segmented_control("Language", ["English", "简体中文"], default="English", required=True, key="language")
    st.caption("Demo workspace: every name, address and order is invented.")
chosen.run()
