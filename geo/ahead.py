"""Work that is done while other work waits: the next of a sequence is made by another thread."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """
    The same items in the same order, the next of them made by another thread while this one is used.

    At most two are held at a time. What making one raises is raised here, in its turn.
    """
    making = iter(items)
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(_next, making)
        while found := coming.result():
            coming = worker.submit(_next, making)
            yield found[0]


def _next(making: Iterator[Item]) -> tuple[Item] | None:
    """The next item in a box, which tells an item that is None or false from the end."""
    for item in making:
        return (item,)
    return None
