"""Photographs of a matter: list, look at, add, blur."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import Response
from pydantic import Field

from api.body import StrictRoute
from api.description import refusals
from api.schemas import Strict
from api.scope import Principal, begin, needs
from geo import incidents, photos, pictures
from geo.photos import Photo
from geo.pictures import Rectangle

router = APIRouter(prefix="/v1/incidents/{incident_id}/photos", tags=["photos"], route_class=StrictRoute)

Viewer = Annotated[Principal, needs("photo.read")]
Number = Annotated[int, Path(ge=1, le=photos.MOST)]
# Were a picture ever read as a page, it would be one that may do nothing.
ALONE = {
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


@router.get("", summary="Photographs of a matter 事项照片列表")
def find(request: Request, asking: Viewer, incident_id: UUID) -> list[Photo]:
    """The photographs of a matter, by their numbers."""
    with begin(request, asking.scope) as conn:
        incidents.read(conn, incident_id)  # a matter out of sight is not found, rather than without photographs
        return photos.find(conn, incident_id)


@router.get(
    "/{number}",
    summary="A photograph 查看照片",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def read(request: Request, asking: Viewer, incident_id: UUID, number: Number) -> Response:
    """The picture as JPEG; for who handles the matter alone."""
    with begin(request, asking.scope) as conn:
        _, jpeg = photos.read(conn, incident_id, number)
    return Response(jpeg, media_type="image/jpeg", headers=ALONE)


@router.post(
    "",
    status_code=201,
    summary="Add a photograph 添加照片",
    responses=refusals(409),
    openapi_extra={"requestBody": {"required": True, **A_PICTURE}},
)
async def add(request: Request, asking: Annotated[Principal, needs("photo.add")], incident_id: UUID) -> Photo:
    """The body is the file: JPEG, PNG or WebP. It is made anew, without EXIF and position."""
    data = await request.body()
    return await run_in_threadpool(_add, request, asking, incident_id, data)


@router.post("/{number}/blur", summary="Blur parts of a photograph 模糊照片局部", responses=refusals(412))
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


def _add(request: Request, asking: Principal, incident_id: UUID, data: bytes) -> Photo:
    with begin(request, asking.scope) as conn:
        incidents.read(conn, incident_id)  # out of sight it is not found, before any work on the picture
    picture = pictures.clean(data)
    with begin(request, asking.scope) as conn:
        number = photos.add(conn, incident_id, picture)
        return photos.read(conn, incident_id, number)[0]
