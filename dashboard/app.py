"""What runs on every page: who is it, which language, which pages; then the page itself."""

import streamlit as st

from crm_core.errors import CrmError
from dashboard import nav, session
from dashboard.i18n import _, set_language
from dashboard.ui import shell
from dashboard.ui.plain import plain_error

st.set_page_config(page_title="Rapport", page_icon=shell.ICON, layout="wide")

signed_in = session.require_signed_in()
set_language(signed_in.language)
chosen = nav.navigation(signed_in.actor)
shell.frame()

try:
    chosen.run()
except CrmError as error:
    st.error(plain_error(error), icon=":material/error:")
    if st.button(_("Try again"), key="try_again", icon=":material/refresh:"):
        st.rerun()
