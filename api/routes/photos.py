"""Photographs of an incident: list, look at, add, blur."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Header, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import Field

from api.auth import address_of
from api.body import StrictRoute
from api.description import refusals
from api.schemas import Strict
from api.scope import Principal, begin, needs, service_of
from geo import db, incidents, photos, pictures, tickets
from geo.photos import Photo
from geo.pictures import Picture, Rectangle

router = APIRouter(prefix="/v1/incidents/{incident_id}", tags=["photos"], route_class=StrictRoute)

Viewer = Annotated[Principal, needs("photo.read")]
Number = Annotated[int, Path(ge=1, le=photos.MOST)]
# Were a picture ever read as a page, it would be one that may do nothing.
ALONE = {
    "content-disposition": 'inline; filename="photo.jpg"',
    "cache-control": "private, no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
A_PICTURE = {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in pictures.MEDIA_TYPES}}
Pixel = Annotated[int, Field(ge=0, le=pictures.LONGEST_PX)]


class RectangleIn(Strict):
    """A part of the picture in its pixels, from the upper left corner; right and lower edge are outside."""

    left: Pixel
    top: Pixel
    right: Pixel
    bottom: Pixel


class BlurIn(Strict):
    """What shall become unreadable, on the version of the photograph that it was drawn on."""

    version: Annotated[int, Field(ge=1, le=10_000)]
    rectangles: Annotated[list[RectangleIn], Field(min_length=1, max_length=pictures.MOST_RECTANGLES)]


@router.get("/photos", summary="Photographs of an incident 事项照片列表")
def find(request: Request, asking: Viewer, incident_id: UUID) -> list[Photo]:
    """The photographs of an incident, by their numbers."""
    with begin(request, asking.scope) as conn:
        incidents.read(conn, incident_id)  # an incident out of sight is not found, rather than without photographs
        return photos.find(conn, incident_id)


@router.get(
    "/photos/{number}",
    summary="A photograph 查看照片",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def read(request: Request, asking: Viewer, incident_id: UUID, number: Number) -> Response:
    """The picture as JPEG; for who handles the incident alone."""
    with begin(request, asking.scope) as conn:
        _, jpeg = photos.read(conn, incident_id, number)
    return Response(jpeg, media_type="image/jpeg", headers=ALONE)


@router.post(
    "/photos",
    status_code=201,
    summary="Add a photograph 添加照片",
    responses=refusals(409),
    openapi_extra={"requestBody": {"required": True, **A_PICTURE}},
)
async def add(request: Request, asking: Annotated[Principal, needs("photo.add")], incident_id: UUID) -> Photo:
    """The body is the file: JPEG, PNG or WebP. It is made anew, without EXIF and position."""
    data = await request.body()
    await run_in_threadpool(_look, request, asking, incident_id)
    picture = await _cleaned(request, data)
    return await run_in_threadpool(_add, request, asking, incident_id, picture)


@router.put(
    "/reported-photos/{slot}",
    status_code=204,
    summary="A photograph with one's own report 随上报补传照片",
    responses=refusals(429),
    openapi_extra={"requestBody": {"required": True, **A_PICTURE}},
)
async def take(
    request: Request,
    asking: Annotated[Principal, needs("incident.report")],
    incident_id: UUID,
    slot: Annotated[int, Path(ge=1, le=tickets.PLACES, description="Which of the three. 第几张。")],
    ticket: Annotated[
        str,
        Header(
            alias="Photo-Ticket",
            pattern=r"^[A-Za-z0-9_=-]{20,100}$",
            description="From the answer to the report; good for 30 minutes. 上报回执中的凭证，30 分钟内有效。",
        ),
    ],
) -> None:
    """The body is the file; who reported may send it, again too, and only who handles the incident sees it."""
    service = service_of(request)
    now = await run_in_threadpool(_now, request)
    tickets.check(service.ring, incident_id, ticket, now)
    service.doors.throttle.photo(address_of(request))
    picture = await _cleaned(request, await request.body())
    await run_in_threadpool(_take, request, asking, incident_id, slot, picture)


@router.post("/photos/{number}/blur", summary="Blur parts of a photograph 模糊照片局部", responses=refusals(412))
def blur(
    request: Request,
    asking: Annotated[Principal, needs("photo.add")],
    incident_id: UUID,
    number: Number,
    body: BlurIn,
) -> Photo:
    """Faces and plates become blocks of colour for good; the clear picture is not kept."""
    rectangles = [Rectangle(**part.model_dump()) for part in body.rectangles]
    with begin(request, asking.scope) as conn:
        return photos.blur(conn, incident_id, number, rectangles, body.version)


async def _cleaned(request: Request, data: bytes) -> Picture:
    """Made anew off the event loop, few at a time: a picture takes up to 150 MB while it is unpacked."""
    return await to_thread.run_sync(pictures.clean, data, limiter=service_of(request).doors.unpacking)


def _look(request: Request, asking: Principal, incident_id: UUID) -> None:
    with begin(request, asking.scope) as conn:
        incidents.read(conn, incident_id)  # out of sight it is not found, before any work on the picture


def _add(request: Request, asking: Principal, incident_id: UUID, picture: Picture) -> Photo:
    with begin(request, asking.scope) as conn:
        number = photos.add(conn, incident_id, picture)
        return photos.read(conn, incident_id, number)[0]


def _take(request: Request, asking: Principal, incident_id: UUID, slot: int, picture: Picture) -> None:
    with begin(request, asking.intake) as conn:
        photos.take(conn, incident_id, slot, picture)


def _now(request: Request) -> datetime:
    with begin(request, db.PUBLIC) as conn:
        return db.instant(conn)
