"""How fresh the snapshot is that a page reads; and, until there is a first one, how far the reading is."""

from __future__ import annotations

import streamlit as st

from dashboard import session
from dashboard.i18n import _, fmt

POLL_SECONDS = 0.5


def caption() -> None:
    """Say when the records were read, after bringing the snapshot up to date where that is quick.

    Raises:
        StorageFailed: there is no snapshot and none can be made.
    """
    warehouse = session.workspace().warehouse
    warehouse.ensure_fresh(wait_for_first=False)
    if warehouse.first_reading() is not None:
        return
    with warehouse.open() as snapshot:
        taken = fmt().instant(snapshot.taken_at)
    if warehouse.is_refreshing and warehouse.staleness().is_stale:
        st.caption(_("Data as of {time}; newer changes are being read", time=taken), width="content")
    else:
        st.caption(_("Data as of {time}", time=taken), width="content")


def source() -> str:
    """Which state of the records a page is computed from."""
    with session.workspace().warehouse.open() as snapshot:
        return _(
            "Computed from the records as of {time} (snapshot {version}).",
            time=fmt().instant(snapshot.taken_at),
            version=fmt().number(snapshot.version),
        )


def wait_for_first_snapshot(page: str) -> None:
    """Return where there is a snapshot; else end this run with how far the first one is, until it is there.

    Raises:
        StorageFailed: none can be made.
    """
    warehouse = session.workspace().warehouse
    if warehouse.first_reading() is None:
        return

    @st.fragment(run_every=POLL_SECONDS, key=f"{page}.first_snapshot.wait")
    def waiting() -> None:
        fraction = warehouse.first_reading()
        if fraction is None or not warehouse.is_refreshing:
            st.rerun()  # to the page, or to the words for why there is none
        with st.container(border=True, key=f"{page}.first_snapshot"):
            st.progress(fraction, text=_("Reading the records for the first time …"))
            st.caption(
                _(
                    "Reports appear here in a moment. Customers and imports can be used meanwhile; "
                    "this page may be left."
                )
            )

    waiting()
    st.stop()
