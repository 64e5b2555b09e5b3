"""
Sealing: a reporter's contact, and text as it was written, encrypted apart from the incident that they belong to.

AES-GCM with a key of the month, bound to the incident, the purpose and the key: a sealed row that is moved to another
incident does not open. Opening a row takes a log entry in the same transaction; the policies of ``reporter`` and
``incident_original`` ask for it, so that forgetting it shows nothing.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from geo import audit, masking
from geo.db import Connection, Row, execute, first, instant, one, statements
from geo.errors import Invalid, NotFound, WanggeError
from geo.keys import KeyRing, month_of, months_before

SQL = statements("sealed")
FORMAT = b"\x01"
NONCE_BYTES = 12

Purpose = Literal["reporter", "original"]


class SealBroken(WanggeError):
    """A sealed entry does not open: it was changed, or moved from another incident."""

    zh = "密封内容无法打开：内容被更改，或被移自其他事项。"


class NothingSealed(NotFound):
    """Nothing is sealed for this incident that you may open."""

    zh = "该事项没有您可以打开的密封内容。"


class RevealReasonNeeded(Invalid):
    """Say why the contact is needed: four characters at the least, which are kept in the audit log."""

    zh = "请说明查看联系方式的理由（至少四个字），理由将记入审计日志。"


class NoContact(Invalid):
    """A contact needs a telephone number or another way to reach the reporter."""

    zh = "联系方式须填写电话或其他联系途径。"


@dataclass(frozen=True)
class Contact:
    """
    How to reach a reporter; its text form shows nothing.

    Attributes
    ----------
    phone
        A telephone number.
    name
        What to call the reporter.
    other
        Another way, such as an address for post.
    """

    phone: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    other: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not (self.phone or self.other):
            raise NoContact


@dataclass(frozen=True)
class Purged:
    """How many contacts, original texts and photographs were ended, and how many open incidents that touches."""

    contacts: int
    originals: int
    photos: int
    of_open_incidents: int


def seal(ring: KeyRing, key_id: str, purpose: Purpose, incident_id: UUID, content: Mapping[str, str]) -> bytes:
    """
    Encrypt content for one incident and purpose.

    Returns
    -------
    bytes
        One byte of format, twelve of nonce, then ciphertext and tag.
    """
    return sealer(ring, key_id, purpose)(incident_id, content)


def sealer(ring: KeyRing, key_id: str, purpose: Purpose) -> Callable[[UUID, Mapping[str, str]], bytes]:
    """What `seal` does, for many incidents: the key is read once."""
    key = AESGCM(ring.key(key_id))

    def encrypt(incident_id: UUID, content: Mapping[str, str]) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return FORMAT + nonce + key.encrypt(nonce, plain, _bound(key_id, purpose, incident_id))

    return encrypt


def unseal(ring: KeyRing, key_id: str, purpose: Purpose, incident_id: UUID, sealed: bytes) -> dict[str, str]:
    """Decrypt what `seal` made; raises `KeyMissing` or `SealBroken`."""
    nonce, cipher = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    key = AESGCM(ring.key(key_id))
    try:
        if sealed[:1] != FORMAT:
            raise SealBroken
        return json.loads(key.decrypt(nonce, cipher, _bound(key_id, purpose, incident_id)))
    except (InvalidTag, ValueError):
        raise SealBroken from None


def put_contact(conn: Connection, ring: KeyRing, incident_id: UUID, contact: Contact) -> None:
    """Seal the contact of an incident's reporter, in the transaction of the report."""
    said = {name: value for name, value in asdict(contact).items() if value}
    _put(conn, ring, "reporter", incident_id, said)


def reveal(conn: Connection, ring: KeyRing, incident_id: UUID, reason: str) -> Contact:
    """
    Open a reporter's contact, for a reason that is logged in the same transaction.

    Parameters
    ----------
    conn
        A transaction from `db.begin` of a role that handles incidents, with the incident in its scope.
    ring
        From `keys.open_ring`.
    incident_id
        Which incident.
    reason
        Why; free text, kept in the audit log with numbers of persons masked.

    Raises
    ------
    RevealReasonNeeded
        The reason says nothing.
    NothingSealed
        There is no contact, or it is not for this role and scope.
    KeyMissing
        Retention has ended.
    """
    said = " ".join(masking.mask(reason).text.split())
    if len(said) < 4:
        raise RevealReasonNeeded
    audit.append(conn, "reporter.revealed", str(incident_id), said)
    return Contact(**_open(first(conn, SQL["contact"], id=incident_id), ring, "reporter", incident_id))


def put_original(conn: Connection, ring: KeyRing, incident_id: UUID, texts: Mapping[str, str]) -> None:
    """Seal the fields of an incident as they were written, where masking changed them."""
    _put(conn, ring, "original", incident_id, texts)


def original(conn: Connection, ring: KeyRing, incident_id: UUID) -> dict[str, str]:
    """
    Read the fields of an incident as they were written; that they were read is logged.

    Raises
    ------
    NothingSealed
        Nothing was masked, or it is not for this role and scope.
    """
    audit.append(conn, "original.read", str(incident_id))
    return _open(first(conn, SQL["original"], id=incident_id), ring, "original", incident_id)


def first_month_kept(conn: Connection, months: int) -> str:
    """The first month of which everything is still kept, when the retention is so many months."""
    return months_before(month_of(instant(conn)), months)


def purge(conn: Connection, month: str) -> Purged:
    """
    End the retention of contacts, original texts and photographs from before a month; logged.

    The keys are destroyed after this has committed (`KeyRing.older_than`, `KeyRing.destroy`): what a crash leaves
    between the two is done by the next purge.
    """
    purged = Purged(**one(conn, SQL["purge"], month=month))
    audit.append(conn, "retention.ended", month)
    return purged


def _put(conn: Connection, ring: KeyRing, purpose: Purpose, incident_id: UUID, content: Mapping[str, str]) -> None:
    statement = SQL["put_contact"] if purpose == "reporter" else SQL["put_original"]
    key_id = ring.of_month(instant(conn))
    execute(conn, statement, id=incident_id, key_id=key_id, sealed=seal(ring, key_id, purpose, incident_id, content))


def _open(row: Row | None, ring: KeyRing, purpose: Purpose, incident_id: UUID) -> dict[str, str]:
    if row is None:
        raise NothingSealed
    return unseal(ring, row["key_id"], purpose, incident_id, row["sealed"])


def _bound(key_id: str, purpose: Purpose, incident_id: UUID) -> bytes:
    return b"\0".join([b"wangge", purpose.encode(), key_id.encode(), incident_id.bytes])
