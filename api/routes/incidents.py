"""Incidents: report, list, read, follow, change."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query
from fastapi.requests import Request
from fastapi.responses import Response

from api.body import StrictRoute
from api.description import refusals
from api.errors import BadParameter
from api.schemas import (
    CHANGES,
    EXAMPLES,
    SETTLEMENTS,
    ChangeIn,
    IncidentQuery,
    ReportIn,
    SettleIn,
    Step,
)
from api.scope import Principal, begin, count_report, needs, service_of
from geo import incidents, intake, lifecycle, settlement, tickets
from geo.db import instant
from geo.errors import StaleVersion, VersionRequired
from geo.incidents import Event, Incident, IncidentFilter
from geo.paging import Page
from geo.settlement import Decision

router = APIRouter(prefix="/v1", tags=["incidents"], route_class=StrictRoute)

Reader = Annotated[Principal, needs("incident.read")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{8,128}$",
        description="Your own key of this report: sent again, it is the same report. 幂等键：重复提交视为同一上报。",
    ),
]
Version = Annotated[
    str | None,
    Header(alias="If-Match", max_length=64, description="The ETag that you read. 读取时的 ETag。", examples=['"1"']),
]
TICKET = {
    "Photo-Ticket": {
        "description": "Lets who reported send photographs for 30 minutes. 上报人补传照片的凭证，30 分钟内有效。",
        "schema": {"type": "string"},
    }
}
_TAG = re.compile(r'"([1-9]\d{0,8})"')


@router.post(
    "/incidents",
    status_code=201,
    summary="Report an incident 上报事项",
    responses={201: {"headers": TICKET}, **refusals(429)},
)
def report(
    request: Request,
    response: Response,
    asking: Annotated[Principal, needs("incident.report")],
    body: Annotated[ReportIn, Body(openapi_examples=EXAMPLES)],
    key: Key = None,
) -> Incident:
    """A report is located at once: micro-grid, default team and deadline are in the answer."""
    service = service_of(request)
    count_report(request, asking)
    with begin(request, asking.intake) as conn:
        now = instant(conn)
        assigner = service.editions.assigner(conn)
        incident = intake.report(conn, service.ring, body.report(), body.beside(), assigner, key)
    service.metrics.reports.labels(incident.located).inc()
    response.headers["location"] = f"/v1/incidents/{incident.id}"
    response.headers["photo-ticket"] = tickets.issue(service.ring, incident.id, now)
    return _tagged(response, incident)


@router.get("/incidents", summary="List incidents 事项列表")
def find(request: Request, asking: Reader, query: Annotated[IncidentQuery, Query()]) -> Page[Incident]:
    """Incidents, newest first; `located=outside` is the queue of those outside every grid."""
    with begin(request, asking.scope) as conn:
        return incidents.find(conn, IncidentFilter(**query.model_dump()))


@router.get("/incidents/{incident_id}", summary="Read an incident 事项详情")
def read(request: Request, response: Response, asking: Reader, incident_id: UUID) -> Incident:
    """An incident as it now stands; its ETag is what a change must send back."""
    with begin(request, asking.scope) as conn:
        return _tagged(response, incidents.read(conn, incident_id))


@router.get("/incidents/{incident_id}/history", summary="What happened to an incident 办理过程")
def history(request: Request, asking: Reader, incident_id: UUID) -> list[Event]:
    """All that happened to an incident, from the beginning."""
    with begin(request, asking.scope) as conn:
        return incidents.history(conn, incident_id)


@router.patch(
    "/incidents/{incident_id}", summary="Take an incident a step further 变更状态", responses=refusals(409, 412, 428)
)
def change(
    request: Request,
    response: Response,
    asking: Annotated[Principal, needs("incident.change")],
    *,
    incident_id: UUID,
    body: Annotated[ChangeIn, Body(openapi_examples=CHANGES)],
    if_match: Version = None,
) -> Incident:
    """A step of `/v1/lifecycle`; it must be decided on the present version."""
    with begin(request, asking.scope) as conn:
        return _tagged(response, incidents.change_state(conn, incident_id, body.change(), _version(if_match)))


@router.get("/incidents/{incident_id}/assignments", summary="Whose an incident is and why 归属及依据")
def assignments(request: Request, asking: Reader, incident_id: UUID) -> list[Decision]:
    """Every decision on whose it is, newest first: rule, edition, candidates with their shares, and team."""
    with begin(request, asking.scope) as conn:
        return settlement.decisions(conn, incident_id)


@router.post(
    "/incidents/{incident_id}/settle", summary="Settle whose an incident is 确定归属", responses=refusals(412, 428)
)
def settle(
    request: Request,
    response: Response,
    asking: Annotated[Principal, needs("incident.settle")],
    *,
    incident_id: UUID,
    body: Annotated[SettleIn, Body(openapi_examples=SETTLEMENTS)],
    if_match: Version = None,
) -> Incident:
    """
    For one of its candidates, or for a micro-grid of the own scope; it stays so while that unit is in force.

    The answer is the incident as it stands then, even where it has left the scope.
    """
    with begin(request, asking.scope) as conn:
        assigner = service_of(request).editions.assigner(conn)
        decided = settlement.settle(conn, incident_id, body.settlement(), _version(if_match), assigner)
        return _tagged(response, decided)


@router.get("/lifecycle", summary="States and steps 状态与流转", dependencies=[needs("list.read")])
async def steps() -> list[Step]:
    """The states of an incident, with their names and the steps between them."""
    return [_step(state) for state in lifecycle.State]


def _step(state: lifecycle.State) -> Step:
    zh, en = lifecycle.NAMES[state]
    return Step(
        state=state,
        name_zh=zh,
        name_en=en,
        next=sorted(lifecycle.STEPS[state]),
        needs_reason=state in lifecycle.REASONED,
        settled=state in lifecycle.SETTLED,
    )


def _tagged(response: Response, incident: Incident) -> Incident:
    response.headers["etag"] = f'"{incident.version}"'
    response.headers["cache-control"] = "no-store"
    return incident


def _version(if_match: str | None) -> int:
    """The version that If-Match demands: one strong tag, for a change is decided on one version."""
    if if_match is None or if_match.strip() == "*":
        raise VersionRequired
    found = _TAG.fullmatch(if_match.strip())
    if found:
        return int(found[1])
    # A weak tag never matches strongly (RFC 9110, 13.1.1).
    raise StaleVersion if if_match.strip().startswith("W/") else BadParameter
