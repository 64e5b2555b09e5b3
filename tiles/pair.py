"""Two sheets side by side in one page, moving together, over a list that leads to places on both."""

from collections.abc import Mapping, Sequence
from typing import Any

from branca.element import Figure
from folium.elements import JSCSSMixin
from folium.plugins import DualMap
from markupsafe import escape

from tiles.labels import Language, label
from tiles.sheet import Drawing, Sheet, template


class Pair(JSCSSMixin):
    """
    Two sheets of one title and one language; made by `tiles.comparison.side_by_side`.

    Parameters
    ----------
    left, right
        The sheets, each with its caption; they stand in no other page from then on.
    listed
        What ``templates/pair.js`` lists below: ``legend``, rows as `legends.row` makes them, ``columns``, the headings,
        ``rows``, each with its ``colour``, ``corners`` and ``cells``, and ``notes``.
    """

    default_js = DualMap.default_js

    def __init__(self, left: Sheet, right: Sheet, listed: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "Pair"
        self.left, self.right, self.listed = left, right, listed
        self.lang: Language = left.lang
        self.notices = left.notices
        self.words = {word: label(word, left.lang) for word in ("changes", "no_changes")}
        left.side, right.side = "left", "right"
        self._template = template("pair.html")
        page = Figure()
        page.title = escape(left.title)
        for part in (left, right, self):
            page.add_child(part)

    @property
    def home(self) -> str:
        """Where the way back leads that stands beside the title; none if empty."""
        return self.left.home

    @home.setter
    def home(self, address: str) -> None:
        self.left.home = address

    def draw(self, word: str, how: str, what: Mapping[str, Any], *, show: bool = True) -> Drawing:
        """Add a drawing to both sheets, carried once; named by a word of the catalogue."""
        drawing = Drawing(label(word, self.lang), how, what, None, show=show)
        drawing.add_to(self)
        return drawing


def corners_of(bounds: Sequence[float]) -> list[list[float]]:
    """West, south, east, north as Leaflet has it: south and west, north and east; a metre's precision."""
    west, south, east, north = (round(float(edge), 5) for edge in bounds)
    return [[south, west], [north, east]]
