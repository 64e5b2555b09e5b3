"""The pages that the service itself brings: the front page, and the description of its API; nothing from elsewhere."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.assets import Assets
from api.errors import language_of, status_of
from api.scope import needs
from geo.errors import WanggeError
from geo.settings import Settings

BUILT = Path(__file__).with_name("_web")
SERVED = {
    "/": "index.html",
    "/map": "map.html",
    "/doubts": "doubts.html",
    "/track": "track.html",
    "/track/{number}": "track.html",
    "/favicon.svg": "favicon.svg",
    "/third-party-notices.txt": "third-party-notices.txt",
}
TEMPLATES = Path(__file__).with_name("templates")
BODY = "application/json"


def add(app: FastAPI, settings: Settings) -> None:
    """Add the pages: of the API, and of the front end if it is built."""
    templates = Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

    def docs(request: Request) -> HTMLResponse:
        language = language_of(request.headers.get("accept-language", ""), settings.language)
        page = templates.get_template("docs.html")
        return HTMLResponse(
            page.render(api=app.openapi(), operations=_operations(app), errors=_errors(), zh=language == "zh")
        )

    def style() -> FileResponse:
        return FileResponse(TEMPLATES / "docs.css", media_type="text/css")

    def unbuilt() -> HTMLResponse:
        return HTMLResponse(templates.get_template("unbuilt.html").render())

    def no_icon() -> Response:
        # Browsers ask for it on their own; the sandboxed maps do so without an origin.
        return Response(status_code=204, headers={"cross-origin-resource-policy": "cross-origin"})

    app.add_api_route("/favicon.ico", no_icon, include_in_schema=False, dependencies=[needs("public")])
    app.add_api_route("/docs", docs, include_in_schema=False, dependencies=[needs("public")])
    app.add_api_route("/docs.css", style, include_in_schema=False, dependencies=[needs("public")])
    if (BUILT / "index.html").is_file():
        # Not one mount at the root: it would answer for every path, and turn a 405 of ours into a 404.
        app.mount("/assets", Assets(directory=BUILT / "assets"), name="front")
        for path, file in SERVED.items():
            app.add_route(path, _file(BUILT / file), include_in_schema=False)  # parameters are the page's own business
    else:
        app.add_api_route("/", unbuilt, include_in_schema=False, dependencies=[needs("public")])


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return FileResponse(path, headers={"cache-control": "no-cache"})  # it names the assets of its own build

    return answer


def every_error(root: type[WanggeError] = WanggeError) -> Iterator[type[WanggeError]]:
    """All kinds of errors that the program knows."""
    yield root
    for kind in root.__subclasses__():
        yield from every_error(kind)


def _errors() -> list[dict[str, Any]]:
    kinds = sorted(every_error(), key=lambda kind: (status_of(kind), kind.code()))
    return [{"code": kind.code(), "status": status_of(kind), "zh": kind.zh, "en": kind.title()} for kind in kinds]


def _operations(app: FastAPI) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "examples": _examples(operation),
        }
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]


def _examples(operation: dict[str, Any]) -> list[dict[str, str]]:
    found = operation.get("requestBody", {}).get("content", {}).get(BODY, {}).get("examples", {})
    return [
        {"summary": example["summary"], "text": orjson.dumps(example["value"], option=orjson.OPT_INDENT_2).decode()}
        for example in found.values()
    ]
