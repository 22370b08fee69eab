"""Data: bring records in from a file — see what is in it, map it, check it, import it, take it back."""

import streamlit as st

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import import_kinds, import_run, import_upload
from dashboard.ui.import_list import earlier_imports

page = ui.page("data")
new, done = st.tabs([_("Import a file"), _("Earlier imports")], key="data.tabs", on_change="rerun")

if new.open:
    with new:
        job = import_run.current()
        if job is not None and job.is_running:
            import_run.progress(job)
        elif job is not None:
            import_run.outcome(job)
        else:
            kind = import_kinds.kind_choice(page)
            upload = import_upload.choose_file(kind)
            if upload is None:
                ui.empty(
                    _("Bring your records in"),
                    _("Choose a file above. You see what is in it and what would happen before anything is saved."),
                    icon=":material/upload_file:",
                )
            else:
                profile = import_upload.inspect(upload)
                mapping, preset = import_upload.mapping_of(page, upload, profile, kind)
                import_upload.preview(profile)
                import_upload.actions(upload, mapping, preset)

if done.open:
    with done:
        earlier_imports()
