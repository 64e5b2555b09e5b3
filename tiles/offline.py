"""
Folium pages without the internet: every asset comes from this machine, by a link or inside the page.

Folium writes addresses of public servers into its pages. Nothing of Folium is changed here: the rendered
page of one map is rewritten, and what has no local twin is an error that names it. `npm ci --prefix tiles/assets`
installs the assets.
"""

import base64
import hashlib
import html
import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import folium
from branca.element import Figure

from geo.errors import Unavailable, WanggeError
from tiles.pair import Pair
from tiles.sheet import Sheet

PACKAGES = Path(__file__).parent / "assets" / "node_modules"
WHEEL = Path(folium.__file__).parent / "templates"

# The end of an address that Folium, or a layer of ours, asks for -> the file served in its place.
TWINS: Mapping[str, str] = {
    "leaflet@1.9.3/dist/leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet@1.9.3/dist/leaflet.css": "leaflet/dist/leaflet.css",
    "jquery-3.7.1.min.js": "jquery/dist/jquery.min.js",
    "dist/js/bootstrap.bundle.min.js": "bootstrap/dist/js/bootstrap.bundle.min.js",
    "dist/css/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "css/bootstrap-glyphicons.css": "glyphicons-only-bootstrap/css/bootstrap.min.css",
    "2.0.2/leaflet.awesome-markers.js": "leaflet.awesome-markers/dist/leaflet.awesome-markers.js",
    "2.0.2/leaflet.awesome-markers.css": "leaflet.awesome-markers/dist/leaflet.awesome-markers.css",
    "fontawesome-free@6.2.0/css/all.min.css": "@fortawesome/fontawesome-free/css/all.min.css",
    "leaflet.markercluster/1.1.0/leaflet.markercluster.js": "leaflet.markercluster/dist/leaflet.markercluster.js",
    "leaflet.markercluster/1.1.0/MarkerCluster.css": "leaflet.markercluster/dist/MarkerCluster.css",
    "leaflet.markercluster/1.1.0/MarkerCluster.Default.css": "leaflet.markercluster/dist/MarkerCluster.Default.css",
    "folium/templates/leaflet_heat.min.js": "folium/leaflet_heat.min.js",
    "asset:leaflet.heat": "leaflet.heat/dist/leaflet-heat.js",
    "asset:pbf": "pbf/dist/pbf.js",
    "Leaflet.Sync/L.Map.Sync.min.js": "leaflet.sync/L.Map.Sync.js",
}
# It turns awesome icons by odd angles; published nowhere but in Folium's repository, and no map of ours needs it.
DROPPED = "leaflet.awesome.rotate.min.css"

_SCRIPT = re.compile(r'<script src="([^"]+)"></script>')
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)"\s*/?>')
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")
_REMOTE = re.compile(
    r"""<(?:script|link|img|iframe|source|video|audio)\b[^>]*?(?:src|href)=["']((?:https?:)?//[^"']+)"""
    r"""|L\.tileLayer(?:\.wms)?\(\s*["']((?:https?:)?//[^"']+)"""
)


class RemoteAsset(WanggeError):
    """The map asks for a file from the internet that has no local twin; add one to tiles/offline.py or leave it out."""

    zh = "地图引用了互联网上的文件，且没有本地副本；请在 tiles/offline.py 中补充或去掉该引用。"


class AssetMissing(Unavailable):
    """A file that the maps need is not installed; run `npm ci --prefix tiles/assets`."""

    zh = "缺少地图所需的文件；请运行 npm ci --prefix tiles/assets。"


def asset_files() -> dict[str, Path]:
    """
    All that a linked map may load: the path below `base` of `linked_page`, and its file.

    This is the whole list; serve a path by looking it up here, never by joining it to a folder.
    """
    paths = dict.fromkeys(TWINS.values())
    for path in list(paths):
        if path.endswith(".css"):
            paths.update(dict.fromkeys(_within(path)))
    paths.update({f"leaflet/dist/images/{name}": None for name in _MARKER_IMAGES.values()})
    return {path: _file(path) for path in sorted(paths)}


def linked_page(sheet: folium.Map | Pair, base: str = "/assets/folium/", home: str = "") -> str:
    """
    The map's page, its assets linked from our own server below `base`, which ends with a slash.

    `home` is where the way back leads that stands beside the title of a sheet; none if empty.
    """
    if isinstance(sheet, Sheet | Pair):
        sheet.home = home

    def script(path: str) -> str:
        return f'<script src="{base}{path}"></script>'

    def style(path: str) -> str:
        return f'<link rel="stylesheet" href="{base}{path}">'

    return _with_policy(_rewritten(sheet, script, style), "'self'")


def single_file(sheet: folium.Map | Pair) -> str:
    """The map as one self-contained HTML file: scripts, styles, fonts and icons inside, no request made."""
    return _with_policy(_rewritten(sheet, _inline_script, _inline_style), "")


@dataclass(frozen=True)
class Framed:
    """A map inside a frame of a notebook; made by `show`."""

    page: str
    height_px: int

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(self.page)}" width="100%" '
            f'height="{self.height_px}" style="border:0"></iframe>'
        )


def show(sheet: folium.Map | Pair, height_px: int = 560) -> Framed:
    """Show a map in a notebook, without the internet."""
    return Framed(single_file(sheet), height_px)


_MARKER_IMAGES = {
    "iconUrl": "marker-icon.png",
    "iconRetinaUrl": "marker-icon-2x.png",
    "shadowUrl": "marker-shadow.png",
}


def _rewritten(sheet: folium.Map | Pair, script: Callable[[str], str], style: Callable[[str], str]) -> str:
    figure = sheet.get_root()
    if not isinstance(figure, Figure):
        raise TypeError("a map stands in a figure")
    head, rest = figure.render().split("</head>", 1)
    head = _SCRIPT.sub(lambda found: _twin(found[1], script), head)
    head = _STYLE.sub(lambda found: _twin(found[1], style), head)
    page = f"{head}</head>{rest}"
    _refuse_remote(page)
    language = html.escape(str(getattr(sheet, "lang", "zh")))
    return page.replace("<html>", f'<html lang="{language}">', 1)


def _twin(address: str, write: Callable[[str], str]) -> str:
    if address.endswith(DROPPED):
        return ""
    for end, path in TWINS.items():
        if address.endswith(end):
            return write(path)
    raise RemoteAsset(address)


def _refuse_remote(page: str) -> None:
    found = _REMOTE.search(page)
    if found:
        raise RemoteAsset(found[1] or found[2])


def _inline_script(path: str) -> str:
    text = _file(path).read_text(encoding="utf-8").replace("</script", "<\\/script")
    tail = f"<script>{_marker_icons()}</script>" if path == "leaflet/dist/leaflet.js" else ""
    return f"<script>{text}</script>{tail}"


def _marker_icons() -> str:
    pairs = (f"{key}:'{_data(f'leaflet/dist/images/{name}')}'" for key, name in _MARKER_IMAGES.items())
    return (
        f"L.Icon.Default.mergeOptions({{{','.join(pairs)}}});"
        "L.Icon.Default.prototype._getIconUrl = function (name) { return this.options[name + 'Url']; };"
    )


def _inline_style(path: str) -> str:
    def inline(found: re.Match[str]) -> str:
        part = _part(path, found[1])
        if part is None:
            return found[0]
        return f"url({_data(part)})" if _shown(part) else "url(data:,)"

    return f"<style>{_URL.sub(inline, _file(path).read_text(encoding='utf-8'))}</style>"


def _shown(path: str) -> bool:
    """One format of each font is enough: every browser that can run the maps reads WOFF2."""
    file = _file(path)
    return file.suffix not in {".eot", ".ttf", ".woff", ".svg"} or not file.with_suffix(".woff2").exists()


def _within(path: str) -> Iterator[str]:
    for found in _URL.finditer(_file(path).read_text(encoding="utf-8")):
        part = _part(path, found[1])
        if part is not None:
            yield part


def _part(path: str, reference: str) -> str | None:
    """The path of what a style sheet refers to; None for what is inside the sheet or the page already."""
    if reference.startswith(("data:", "#")):
        return None
    if re.match(r"(https?:)?//", reference):
        raise RemoteAsset(f"{reference} in {path}")
    steps: list[str] = path.split("/")[:-1]
    for step in re.split(r"[?#]", reference)[0].split("/"):
        steps = steps[:-1] if step == ".." else steps if step == "." else [*steps, step]
    return "/".join(steps)


def _file(path: str) -> Path:
    file = WHEEL / path.removeprefix("folium/") if path.startswith("folium/") else PACKAGES / path
    if not file.is_file():
        raise AssetMissing(path)
    return file


def _data(path: str) -> str:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(_file(path).read_bytes()).decode()}"


def _with_policy(page: str, own: str) -> str:
    """Only the scripts that stand in the page now may run: text that slipped in as markup stays dead."""
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in _INLINE.findall(page)
    }
    policy = (
        f"default-src 'none'; script-src {own} {' '.join(sorted(hashes))}; style-src {own} 'unsafe-inline'; "
        f"img-src {own} data: blob:; font-src {own} data:; base-uri 'none'; form-action 'none'"
    )
    return page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">', 1)
