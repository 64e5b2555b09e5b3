"""Pages by key: a cursor says where the page before ended, so that rows which arrive meanwhile move nothing."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from geo.errors import Invalid

T = TypeVar("T")


class BadCursor(Invalid):
    """The cursor was not made by this service; begin again without one."""

    zh = "游标无效；请去掉游标重新开始。"


@dataclass(frozen=True)
class Page(Generic[T]):
    """
    One page of a list.

    Attributes
    ----------
    items
        The rows of this page.
    next
        The cursor of the page after it, None at the end.
    """

    items: list[T]
    next: str | None


def page(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[str]]) -> Page[T]:
    """
    The page of at most `limit` rows.

    Parameters
    ----------
    rows
        What a query with ``LIMIT limit + 1`` gave: one row more tells that there is a next page.
    limit
        Most rows of the page.
    key
        What the cursor holds of a row.
    """
    items = list(rows[:limit])
    return Page(items, cursor(*key(items[-1])) if len(rows) > limit else None)


def cursor(*parts: str) -> str:
    """An opaque cursor that holds the key of a row."""
    return base64.urlsafe_b64encode(json.dumps(parts, ensure_ascii=True).encode()).decode().rstrip("=")


def parts(text: str, count: int) -> list[str]:
    """The `count` parts that a cursor holds; raises `BadCursor`."""
    try:
        found = json.loads(base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise BadCursor from None
    if not isinstance(found, list) or len(found) != count or not all(isinstance(part, str) for part in found):
        raise BadCursor
    return found
