"""Taking a report in: masked text for the incident, and contact, text as written and photographs kept apart from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geo import masking, photos, reports, seal
from geo.assign import Answering
from geo.db import Connection
from geo.incidents import Incident
from geo.keys import KeyRing
from geo.pictures import Picture
from geo.reports import Report
from geo.seal import Contact


@dataclass(frozen=True)
class Beside:
    """What comes with a report and is no part of the incident: the reporter's contact, and photographs made anew."""

    contact: Contact | None = None
    pictures: Sequence[Picture] = ()


def report(
    conn: Connection,
    ring: KeyRing,
    what: Report,
    beside: Beside,
    assigner: Answering,
    key: str | None = None,
) -> Incident:
    """
    Take a report in by `reports.report`, with identity and telephone numbers in its text masked.

    Parameters
    ----------
    conn
        A transaction of the intake's scope, or of who may see the place.
    ring
        From `keys.ring_of`.
    what
        The report as it was written.
    beside
        Contact and photographs.
    assigner
        Of the edition in force.
    key
        A repeated report with the same key gets the first one's answer, and what came beside it is not kept twice.
    """
    said = masking.mask_fields({"title": what.title, "description": what.description, "address": what.address})
    incident = reports.report(conn, replace(what, **said.shown), assigner, key)
    if said.originals:
        seal.put_original(conn, ring, incident.id, said.originals)
    if beside.contact is not None:
        seal.put_contact(conn, ring, incident.id, beside.contact)
    for number, picture in enumerate(beside.pictures, 1):
        photos.put(conn, incident.id, number, picture)
    return incident
