"""Scripts, styles and fonts of the front end: packed beforehand, and kept by browsers for as long as they like."""

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PACKED = ".gz"
KINDS = {".js": "text/javascript", ".css": "text/css"}
FOR_GOOD = "public, max-age=31536000, immutable"  # each name holds a hash of its content


class Assets(StaticFiles):
    """A folder of files whose names change with their content; the build has put packed ones beside the large ones."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, packed if there is such a one and the client takes it."""
        kind = KINDS.get(Path(path).suffix)
        found = await self._packed(path, kind, scope) if kind else None
        answer = found or await super().get_response(path, scope)
        if answer.status_code < 400:
            answer.headers["cache-control"] = FOR_GOOD
        if kind:
            MutableHeaders(raw=answer.raw_headers).add_vary_header("accept-encoding")
        return answer

    async def _packed(self, path: str, kind: str, scope: Scope) -> Response | None:
        if "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return None
        try:
            answer = await super().get_response(path + PACKED, scope)
        except HTTPException:
            return None
        if isinstance(answer, FileResponse):
            answer.headers["content-encoding"] = "gzip"
            answer.headers["content-type"] = f"{kind}; charset=utf-8"
        return answer
