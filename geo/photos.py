"""Photographs of an incident: in the database, so that a backup holds them, and for those who handle it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from geo import audit, pictures
from geo.db import Connection, execute, first, one, rows, statements
from geo.errors import Conflict, NotFound, StaleVersion
from geo.pictures import Picture, Rectangle

SQL = statements("sealed")
MOST = 9


class PhotoNotFound(NotFound):
    """There is no such photograph that you may see."""

    zh = "没有您可以查看的此照片。"


class TooManyPhotos(Conflict):
    """An incident takes nine photographs at the most."""

    zh = "每个事项最多九张照片。"


@dataclass(frozen=True)
class Photo:
    """What is known of a photograph; width and height in pixels, `version` counts how often it was blurred."""

    number: int
    taken_in_at: datetime
    account: str
    width: int
    height: int
    size_bytes: int
    version: int


def put(conn: Connection, incident_id: UUID, number: int, picture: Picture) -> None:
    """
    Keep a photograph with a report, under a number from 1.

    Parameters
    ----------
    conn
        A transaction of the report's intake, or of who may see the incident.
    incident_id
        Which incident.
    number
        Its place among the incident's photographs.
    picture
        From `pictures.clean`; nothing else may come in.

    Raises
    ------
    TooManyPhotos
        The number is above nine.
    """
    if number > MOST:
        raise TooManyPhotos
    execute(
        conn,
        SQL["put_photo"],
        id=incident_id,
        number=number,
        width=picture.width,
        height=picture.height,
        jpeg=picture.jpeg,
    )


def add(conn: Connection, incident_id: UUID, picture: Picture) -> int:
    """Keep a further photograph of an incident; returns its number. Raises `TooManyPhotos`."""
    execute(conn, SQL["lock_photos"], id=incident_id)
    number = max((photo.number for photo in find(conn, incident_id)), default=0) + 1
    put(conn, incident_id, number, picture)
    return number


def take(conn: Connection, incident_id: UUID, slot: int, picture: Picture) -> None:
    """
    Take a photograph in that comes after a report, from who may not read it.

    Parameters
    ----------
    conn
        A transaction of the intake, whose ticket was checked.
    incident_id
        Which incident.
    slot
        Its place among those that came with the report; what is sent again to a place is the same photograph.
    picture
        From `pictures.clean`.

    Raises
    ------
    TooManyPhotos
        The incident has nine already.
    """
    said = {"width": picture.width, "height": picture.height, "jpeg": picture.jpeg}
    if not one(conn, SQL["take_photo"], id=incident_id, slot=slot, **said)["taken"]:
        raise TooManyPhotos


def find(conn: Connection, incident_id: UUID) -> list[Photo]:
    """The photographs of an incident, without the pictures; none for who does not handle it."""
    return [Photo(**row) for row in rows(conn, SQL["photos"], id=incident_id)]


def read(conn: Connection, incident_id: UUID, number: int) -> tuple[Photo, bytes]:
    """One photograph and its JPEG; raises `PhotoNotFound`."""
    found = first(conn, SQL["photo"], id=incident_id, number=number)
    if found is None:
        raise PhotoNotFound
    jpeg = bytes(found.pop("jpeg"))
    return Photo(**found), jpeg


def blur(
    conn: Connection, incident_id: UUID, number: int, rectangles: Sequence[Rectangle], expected_version: int
) -> Photo:
    """
    Make parts of a photograph unreadable for good; the clear one is not kept, and that it was done is logged.

    Raises
    ------
    PhotoNotFound
        There is none that this role and scope may see.
    StaleVersion
        It was blurred since, so that the rectangles were drawn on another picture.
    BadRectangle
        One does not lie in the picture.
    """
    photo, jpeg = read(conn, incident_id, number)
    if photo.version != expected_version:
        raise StaleVersion
    blurred = pictures.blur(jpeg, rectangles)
    changed = execute(
        conn,
        SQL["blur"],
        id=incident_id,
        number=number,
        version=expected_version,
        width=blurred.width,
        height=blurred.height,
        jpeg=blurred.jpeg,
    )
    if not changed:
        raise StaleVersion
    audit.append(conn, "photo.blurred", f"{incident_id}/{number}")
    return read(conn, incident_id, number)[0]
