"""The page a map stands on: title, legend, layer control, attribution; and one drawing on it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

import folium
import jinja2
from branca.element import Element, Figure
from folium.elements import JSCSSMixin
from folium.map import Layer
from folium.template import Environment
from markupsafe import escape

from tiles.labels import Language, label

Bounds = Sequence[float]
LEAFLET = ("leaflet", "leaflet_css")
PBF = ("pbf.js", "asset:pbf")
PAGE_WORDS = (
    "legend",
    "layers",
    "zoom_in",
    "zoom_out",
    "close",
    "play",
    "pause",
    "time",
    "nothing",
    "synthetic",
    "home",
)


class Sheet(folium.Map):
    """A Folium map with our own page around it, and no tiles from elsewhere; made by `tiles.maps.new_map`."""

    def __init__(self, bounds: Bounds, lang: Language, title: str, timezone: str) -> None:
        west, south, east, north = (float(edge) for edge in bounds)
        super().__init__(location=[(south + north) / 2, (west + east) / 2], tiles=None)
        self.lang: Language = lang
        self.title = title
        self.timezone = timezone
        self.synthetic = False
        self.notices: list[str] = []
        self.home = ""
        self.caption = ""
        self.side: Literal["", "left", "right"] = ""
        self.corners = [[south, west], [north, east]]
        self.words = {word: label(word, lang) for word in PAGE_WORDS}
        self._template = template("sheet.html")
        page = self.get_root()
        if isinstance(page, Figure):
            page.title = escape(title)  # which Figure would write as it is

    def draw(
        self, word: str, how: str, what: Mapping[str, Any], legend: Mapping[str, Any] | None, *, show: bool
    ) -> "Drawing":
        """Add a drawing, named by a word of the catalogue; returns it."""
        drawing = Drawing(label(word, self.lang), how, what, legend, show=show)
        drawing.add_to(self)
        return drawing

    def notice(self, word: str) -> None:
        """Say over the map, by a word of the catalogue, why there is nothing on it, and what to do."""
        self.notices.append(label(word, self.lang))

    def render(self, **kwargs: Any) -> None:
        """Render; Folium's jQuery, Bootstrap and icon fonts come along only for a popup or an icon of Folium's own."""
        whole = any(isinstance(part, (folium.Popup, folium.Icon)) for part in _below(self))
        self.default_js = [asset for asset in folium.Map.default_js if whole or asset[0] in LEAFLET]
        self.default_css = [asset for asset in folium.Map.default_css if whole or asset[0] in LEAFLET]
        super().render(**kwargs)


class Drawing(JSCSSMixin, Layer):
    """One layer on a sheet: a drawing function of ``templates/drawings.js`` or ``heat.js``, and what it draws."""

    def __init__(
        self,
        name: str,
        how: str,
        what: Mapping[str, Any],
        legend: Mapping[str, Any] | None,
        *,
        show: bool,
    ) -> None:
        super().__init__(name=name, overlay=True, control=True, show=show)
        self._name = how.title()
        self.how = how
        self.what = what
        self.legend = legend
        self.default_js: list[tuple[str, str]] = [PBF] if "tiles" in what else []
        self._template = template("drawing.html")

    def needs(self, scripts: Sequence[tuple[str, str]], styles: Sequence[tuple[str, str]] = ()) -> "Drawing":
        """Say which assets the page must load for this layer; returns the layer."""
        self.default_js, self.default_css = list(scripts), list(styles)
        return self


@cache
def template(name: str) -> jinja2.Template:
    """A template of ours, with Folium's filters; numbers and Chinese are written short."""
    environment = Environment(loader=jinja2.PackageLoader("tiles", "templates"), autoescape=False)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    return environment.get_template(name)


def _below(element: Element) -> list[Element]:
    children = list(element._children.values())  # pyright: ignore[reportPrivateUsage]  # there is no public way
    return children + [part for child in children for part in _below(child)]
