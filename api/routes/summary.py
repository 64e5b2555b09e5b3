"""The figures of the front page, and what the whole is made of."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from api.held import Held, matches
from api.scope import begin, needs, service_of
from geo import summary
from geo.db import EVERYTHING
from geo.summary import Outline, Summary

router = APIRouter(prefix="/v1", tags=["summary"])

_SUMMARY, _OUTLINE = TypeAdapter(Summary), TypeAdapter(Outline)
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
    """
    Counts of units, incidents, teams, stations and routes; small counts are not shown. A second old at most, or ten
    times as old as counting took.
    """
    return await _answer(service_of(request).figures, lambda: _count(request), known)


@router.get(
    "/summary/units",
    summary="What the whole is called and made of 总体构成",
    dependencies=[needs("stats.read")],
    response_model=Outline,
    responses={304: {"description": "The same as you have 未变化"}},
)
async def read_outline(request: Request, known: Known = None) -> Response:
    """The name of the whole, how many units of each level there are, and what its parts are called."""
    return await _answer(service_of(request).outline, lambda: _read(request), known)


async def _answer(held: Held, make: Callable[[], bytes], known: str | None) -> Response:
    made = await held.get(lambda: run_in_threadpool(make))
    headers = {"etag": made.tag, "cache-control": "private, no-cache"}
    if known is not None and matches(made.tag, known):
        return Response(status_code=304, headers=headers)
    return Response(made.body, headers=headers, media_type="application/json")


def _count(request: Request) -> bytes:
    # A published product of the whole, the same for everyone: small counts are left out of it.
    with begin(request, EVERYTHING) as conn:
        return _SUMMARY.dump_json(summary.read(conn, timezone=service_of(request).settings.timezone))


def _read(request: Request) -> bytes:
    with begin(request, EVERYTHING) as conn:
        return _OUTLINE.dump_json(summary.outline(conn))
