"""
What is refused by its head alone: a name that is not ours, an address that is none, and what another site has a browser
change or fetch.

The first keeps a page from reaching the service through its visitor's browser by a name of its own that leads here
(DNS rebinding); the last from using the visitor's session (CSRF). Tokens are never sent by a browser on its own.
"""

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import COOKIE, LOOPBACK_COOKIE
from api.errors import BadAddress, FromAnotherSite, Language, NotAddressedHere, language_of, problem
from geo.errors import WanggeError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_ADDRESS_BYTES = 8_192
API, PAGES = "/v1/", "/v1/maps/"  # a map is a page that a link from anywhere may lead to
ELSEWHERE = frozenset({"cross-site", "same-site"})  # a neighbour below the same name is somebody else, and gets cookies
# What depends on who asks, or on when: where nothing is said of caches, none keeps it.
UNKEPT = (API, "/tiles/", "/health/", "/metrics", "/sign-in/")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d*)?")
_HALF = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a text field may hold a tab or a line's end
MOST_HOSTS = 256  # names are asked for by the thousand a second, and few of them differ
PORTS = {"http": 80, "https": 443}


class Guard:
    """Refuses requests under strange names and changes from strange sites."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], language: Language) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.language: Language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refusal(scope, headers)
        if refused is not None:
            asked = language_of(headers.get("accept-language", ""), self.language)
            await problem(refused, asked, scope["request_id"])(scope, receive, send)
            return
        await self.app(scope, receive, _dressed(scope, send))

    def _refusal(self, scope: Scope, headers: Headers) -> WanggeError | None:
        if not self._is_ours(headers.get("host", "")):
            return NotAddressedHere()
        if not (_is_whole(scope.get("raw_path") or b"") and _is_whole(scope["query_string"])):
            return BadAddress()
        changes = scope["method"] not in SAFE
        if _fetched_elsewhere(scope["path"], headers) or (changes and not _own_site(scope["scheme"], headers)):
            return FromAnotherSite()
        return None

    def _is_ours(self, given: str) -> bool:
        host = _host(given)
        return is_loopback(host) or host in self.hosts


@lru_cache(maxsize=MOST_HOSTS)
def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_whole(address: bytes) -> bool:
    """Whether a path or query says something in UTF-8; what does not would be read as question marks, or as nothing."""
    try:
        read = unquote_to_bytes(address).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(address) <= MOST_ADDRESS_BYTES and not _HALF.search(address) and not _CONTROL.search(read)


def _own_site(scheme: str, headers: Headers) -> bool:
    """Browsers say where a request comes from; one that says nothing must not have our cookie."""
    if _has_token(headers):
        return True
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return _place(origin) == _place(f"{scheme}://{headers.get('host', '')}")
    cookies = headers.get("cookie", "")
    return site is not None or not any(name in cookies for name in (COOKIE, LOOPBACK_COOKIE))


def _has_token(headers: Headers) -> bool:
    return headers.get("authorization", "").lower().startswith("bearer ")


def _fetched_elsewhere(path: str, headers: Headers) -> bool:
    """Whether a page of another site has a browser fetch what only our own pages and programs ask for."""
    ours = path.startswith(API) and not path.startswith(PAGES)
    return ours and headers.get("sec-fetch-site") in ELSEWHERE and not _has_token(headers)


def _place(origin: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(origin)
        return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None


@lru_cache(maxsize=MOST_HOSTS)
def _host(given: str) -> str:
    r"""The name without its port; empty for what browsers read otherwise than we would (``evil\@ours``)."""
    found = _HOST.fullmatch(given)
    return found[1].strip("[]").lower() if found else ""


def _dressed(scope: Scope, send: Send) -> Send:
    """What is answered to one session is kept by no cache for another; who came by HTTPS comes by it again."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if scope["scheme"] == "https":
                headers.setdefault("strict-transport-security", "max-age=31536000")
            unsaid = "cache-control" not in headers and scope["path"].startswith(UNKEPT)
            if unsaid:
                headers["cache-control"] = "no-store"
            if unsaid or scope["path"].startswith(API):
                headers.add_vary_header("cookie")
                headers.add_vary_header("authorization")
        await send(message)

    return sent
