"""/customers: the list of the Customers page, with the same search, filters and pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from crm_core.api.asker import Asker, signed_in, workspace_of
from crm_core.api.plain import as_json
from crm_core.records import customer_list
from crm_core.records.customer_list import CustomerQuery
from crm_core.workspace import Workspace

router = APIRouter(prefix="/customers")


@router.get("")
def list_customers(
    asker: Annotated[Asker, Depends(signed_in)],
    workspace: Annotated[Workspace, Depends(workspace_of)],
    text: Annotated[str, Query(max_length=200)] = "",
    country: str | None = None,
    kind: Literal["person", "organisation"] | None = None,
    sort: Literal["name", "created_at", "ref"] = "name",
    descending: bool = False,
    page: Annotated[int, Query(ge=1)] = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 25,
) -> dict[str, Any]:
    """One page of the customers this person may see."""
    query = CustomerQuery(
        text=text, country=country, kind=kind, sort=sort, descending=descending, page=page, per_page=per_page
    )
    with workspace.read() as session:
        found = customer_list.page(session=session, actor=asker.actor, query=query)
    answer: dict[str, Any] = as_json(found)
    return answer
