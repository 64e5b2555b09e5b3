"""
Tickets: who has just reported an incident, and nobody else, may add photographs to it for a while.

A ticket says until when, and proves by a keyed digest (HMAC-SHA256) that it was made here and for this incident.
Nothing of it is stored: the answer to a report is kept for its repetition, and a secret has no business in there.
"""

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from geo.errors import WanggeError
from geo.keys import KeyRing

LASTS = timedelta(minutes=30)
PLACES = 3  # photographs that come with a report
_UNTIL_BYTES = 8


class TicketRefused(WanggeError):
    """The ticket is not for this incident, or its time is over: photographs are taken for 30 minutes after a report."""

    zh = "凭证与该事项不符或已过期：仅可在上报后 30 分钟内补传照片。"


def issue(ring: KeyRing, incident_id: UUID, now: datetime) -> str:
    """A ticket for the incident that was just reported."""
    until = int((now + LASTS).timestamp()).to_bytes(_UNTIL_BYTES)
    return base64.urlsafe_b64encode(until + _proof(ring, incident_id, until)).decode()


def check(ring: KeyRing, incident_id: UUID, ticket: str, now: datetime) -> None:
    """Raise `TicketRefused` unless the ticket is for this incident and still good."""
    try:
        said = base64.b64decode(ticket.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError):
        raise TicketRefused from None
    until, proof = said[:_UNTIL_BYTES], said[_UNTIL_BYTES:]
    if not hmac.compare_digest(proof, _proof(ring, incident_id, until)):
        raise TicketRefused
    if int.from_bytes(until) < now.timestamp():
        raise TicketRefused


def _proof(ring: KeyRing, incident_id: UUID, until: bytes) -> bytes:
    return hmac.digest(ring.ticket_key(), b"photographs\0" + incident_id.bytes + until, "sha256")
