"""Identifiers: UUIDv7 that ascend, made one by one or by the thousand."""

import time
from uuid import UUID

from geo import identifiers


def test_identifiers_ascend_however_they_are_made() -> None:
    made: list[str] = []
    for _ in range(300):
        made.append(identifiers.one())
        made += [each.decode() for each in identifiers.make(3)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_identifier_is_a_uuid_of_version_seven_and_tells_its_millisecond() -> None:
    for text in (identifiers.one(), identifiers.make(1)[0].decode()):
        known = UUID(text)
        assert (known.version, known.variant) == (7, "specified in RFC 4122")
        assert abs((known.int >> 80) - time.time_ns() // 1_000_000) < 60_000
