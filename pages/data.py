"""Data: bring records in from a file — see what is in it, map it, check it, import it, take it back."""

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import import_kinds, import_run, import_upload
from dashboard.ui.import_list import earlier_imports

page = ui.page("data")
tab, content = page.tab({"new": _("Import a file"), "earlier": _("Earlier imports")})
job = import_run.current()
with content:
    if tab == "earlier":
        earlier_imports()
    elif job is not None and job.is_running:
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
