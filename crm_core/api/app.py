"""The FastAPI application: who asks, what they may, and errors as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from crm_core.access import PERMISSIONS
from crm_core.api import analyses, customers
from crm_core.api.asker import Asker, signed_in
from crm_core.errors import CrmError, Invalid
from crm_core.workspace import Workspace

STATUSES = {
    "sign_in_failed": 401,
    "permission_denied": 403,
    "not_found": 404,
    "conflict": 409,
    "undo_refused": 409,
    "invalid": 422,
    "import_failed": 422,
    "import_rejected": 422,
    "analysis_refused": 422,
    "too_many_tries": 429,
    "storage_failed": 503,
    "storage_busy": 503,
    "snapshot_missing": 503,
    "worker_died": 503,
}
"""The status of each error's code; 500 for the rest."""


def create_api(workspace: Workspace) -> FastAPI:
    """The API of one workspace. Callers sign in as in the browser: the session cookie is checked on every request."""
    # No interactive docs: they load their scripts from another site. The description is at openapi.json.
    api = FastAPI(title="Rapport", version="1", docs_url=None, redoc_url=None, dependencies=[Depends(signed_in)])
    api.state.workspace = workspace
    api.include_router(customers.router)
    api.include_router(analyses.router)
    api.add_exception_handler(CrmError, _crm_error)
    api.add_exception_handler(RequestValidationError, _bad_request)
    api.add_exception_handler(HTTPException, _http_error)

    @api.get("/me")
    def me(asker: Annotated[Asker, Depends(signed_in)]) -> dict[str, Any]:
        """Who is asking, in which role, and what they may do."""
        actor = asker.actor
        return {
            "user_id": actor.user_id,
            "name": actor.name,
            "email": asker.email,
            "role": actor.role.value,
            "language": asker.language,
            "permissions": sorted(permission.value for permission in PERMISSIONS[actor.role]),
            "sees_only_own": not actor.scope.is_everything,
        }

    return api


def _crm_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CrmError)
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if isinstance(error, Invalid):
        body["fields"] = {name: str(problem) for name, problem in error.fields.items()}
    return JSONResponse(body, STATUSES.get(error.code, 500))


def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = {str(problem["loc"][-1]): problem["msg"] for problem in error.errors()}
    message = "; ".join(f"{name}: {text}" for name, text in fields.items())
    return JSONResponse({"code": "invalid", "message": message, "fields": fields}, 422)


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {401: "signed_out", 404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
    return JSONResponse({"code": code, "message": str(error.detail)}, error.status_code, error.headers)
