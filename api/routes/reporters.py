"""What is sealed beside an incident: the reporter's contact, and the text as it was written."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import Field

from api.body import StrictRoute
from api.schemas import Plain, Strict, Visible
from api.scope import Principal, begin, needs, service_of
from geo import seal
from geo.seal import Contact

router = APIRouter(prefix="/v1/incidents/{incident_id}", tags=["incidents"], route_class=StrictRoute)

Opener = Annotated[Principal, needs("reporter.reveal")]


class RevealIn(Strict):
    """Why the contact is needed; the reason is kept in the audit log."""

    reason: Annotated[str, Field(min_length=4, max_length=500, pattern=r"\S"), Plain, Visible]


@router.post("/reporter/reveal", summary="Open the reporter's contact 查看报告人联系方式")
def reveal(request: Request, response: Response, asking: Opener, incident_id: UUID, body: RevealIn) -> Contact:
    """The contact, for a reason that is logged; a POST, for it is never to be fetched ahead or kept."""
    response.headers["cache-control"] = "no-store"
    ring = service_of(request).ring
    with begin(request, asking.scope) as conn:
        return seal.reveal(conn, ring, incident_id, body.reason)


@router.get("/original", summary="The text as it was written 查看未遮盖的原文")
def original(request: Request, response: Response, asking: Opener, incident_id: UUID) -> dict[str, str]:
    """The fields in which numbers were masked, as they were written; that they were read is logged."""
    response.headers["cache-control"] = "no-store"
    ring = service_of(request).ring
    with begin(request, asking.scope) as conn:
        return seal.original(conn, ring, incident_id)
