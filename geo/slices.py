"""
What a session may see of what memory holds: the twin, in Python, of the policies on ``incident``.

A row is seen if its path lies in the scope's range, or if it is in the hands of the scope's organisation now. Whatever
answers from memory (heat, streams, tiles of incidents) asks here, so that there is one rule beside the database's, and
a test holds the two together.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.db import Scope


@dataclass(frozen=True)
class Slice:
    """
    A range of paths, and an organisation.

    Attributes
    ----------
    first
        The least path that is seen.
    end
        The least text above every path that is seen.
    organisation
        Id of the team or department whose incidents are seen wherever they lie; empty for none.
    """

    first: str
    end: str
    organisation: str = ""

    @classmethod
    def of(cls, scope: Scope) -> "Slice":
        """What a session of this scope sees."""
        return cls(scope.path, scope.upper, scope.organisation)

    def holds(self, path: str, handed_to: Sequence[str] = ()) -> bool:
        """
        Whether one row is seen.

        Parameters
        ----------
        path
            Where it stands; compared byte by byte, as the C collation does.
        handed_to
            The organisations that have it in hand now.
        """
        return self.first <= path < self.end or (self.organisation != "" and self.organisation in handed_to)

    def span(self, paths: Sequence[str]) -> tuple[int, int]:
        """From where to where sorted paths lie in the range."""
        return bisect_left(paths, self.first), bisect_left(paths, self.end)

    def marks(self, paths: Sequence[str], others: Sequence[str] = ()) -> NDArray[np.bool_]:
        """
        Which paths lie in the range.

        Parameters
        ----------
        paths
            Sorted, shape (n,).
        others
            In any order, shape (m,).

        Returns
        -------
        ndarray of bool, shape (n + m,)
        """
        marks = np.zeros(len(paths) + len(others), dtype=np.bool_)
        low, high = self.span(paths)
        marks[low:high] = True
        marks[len(paths) :] = [self.first <= path < self.end for path in others]
        return marks
