"""The figures of the front page."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from api.held import matches
from api.scope import begin, needs, service_of
from geo import summary
from geo.db import EVERYTHING
from geo.summary import Summary

router = APIRouter(prefix="/v1", tags=["summary"])

_JSON = TypeAdapter(Summary)
Known = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=1000, description="The ETag that you have. 已有的 ETag。"),
]


@router.get(
    "/summary",
    summary="What is loaded, in figures 数据概览",
    dependencies=[needs("stats.read")],
    response_model=Summary,
    responses={304: {"description": "The same as you have 未变化"}},
)
async def read(request: Request, known: Known = None) -> Response:
    """Counts of units, incidents, teams, stations and routes, at most a second old; small counts are not shown."""
    made = await service_of(request).figures.get(lambda: run_in_threadpool(_make, request))
    headers = {"etag": made.tag, "cache-control": "private, no-cache"}
    if known is not None and matches(made.tag, known):
        return Response(status_code=304, headers=headers)
    return Response(made.body, headers=headers, media_type="application/json")


def _make(request: Request) -> bytes:
    # A published product of the whole, the same for everyone: small counts are left out of it.
    with begin(request, EVERYTHING) as conn:
        return _JSON.dump_json(summary.read(conn, timezone=service_of(request).settings.timezone))
