"""Every error as problem+json (RFC 9457): one table of statuses, titles in the asker's language, nothing echoed."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypedDict

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request
from fastapi.responses import Response
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from api.methods import allowed_at
from geo import errors as wrong
from geo.identities import IdentityUnknown
from geo.paging import BadCursor
from geo.throttle import TooManyAttempts
from geo.tickets import TicketRefused

Language = Literal["zh", "en"]
MOST_FAULTS = 20
MOST_ACCEPTED = 1_000  # characters of an Accept-Language that are read


class BadJson(wrong.Invalid):
    """The body is not JSON as RFC 8259 has it: UTF-8, finite numbers, whole surrogate pairs, each name once."""

    zh = "请求体不是合规的 JSON：须为 UTF-8、有限数值、完整字符，且同名字段不得重复。"


class BadBody(wrong.Invalid):
    """The body does not have the fields, types and ranges that are documented; see `faults`."""

    zh = "请求体的字段、类型或取值不符合要求；见 faults。"


class BadParameter(wrong.Invalid):
    """A parameter of the address or a header does not have the documented form; see `faults`."""

    zh = "地址参数或请求头不符合要求；见 faults。"


class UnknownParameter(wrong.Invalid):
    """The address has a parameter that this route does not know, or one twice."""

    zh = "地址中有未知或重复的参数。"


class BadRequest(wrong.Invalid):
    """The request is not HTTP as this service reads it."""

    zh = "请求不是本服务可以读取的 HTTP 请求。"


class BadAddress(wrong.Invalid):
    """The address is not UTF-8 with whole percent-encodings and no control characters, or it is too long."""

    zh = "地址须为百分号编码完整的 UTF-8，不含控制字符，且不得过长。"


class HeadTooLarge(wrong.WanggeError):
    """The headers are larger than this service reads: 32 kB, a hundred of them."""

    zh = "请求头过大：最多 32 kB、一百个。"


class BodyTooSlow(wrong.WanggeError):
    """The body did not come whole within the time that is waited for it."""

    zh = "请求体未能在规定时间内传完。"


class CutShort(wrong.Unavailable):
    """The service is shutting down and did not finish this; ask again with the same Idempotency-Key."""

    zh = "服务正在停止，未能办完；请稍后用同一 Idempotency-Key 重试。"


class NoSuchRoute(wrong.NotFound):
    """There is nothing at this address."""

    zh = "该地址不存在。"


class MethodNotAllowed(wrong.WanggeError):
    """The address does not answer to that method."""

    zh = "该地址不支持此方法。"


class BodyTooLarge(wrong.WanggeError):
    """The body is larger than this service reads."""

    zh = "请求体过大。"


class Busy(wrong.Unavailable):
    """Too many large files are on their way, or this one takes too long; try again shortly."""

    zh = "正在接收的大文件过多，或上传超时；请稍后重试。"


class WrongMediaType(wrong.WanggeError):
    """A body must be sent as application/json, and not compressed."""

    zh = "请求体必须是 application/json，且不得压缩。"


class NotAddressedHere(wrong.WanggeError):
    """The service does not answer under this name; the operator names those it has in WANGGE_HOSTS."""

    zh = "本服务不使用此域名或地址；可用名称由管理员在 WANGGE_HOSTS 中设置。"


class SignInNeeded(wrong.WanggeError):
    """Sign in first: this is not for the public, or your session has ended."""

    zh = "请先登录：此内容不对公众开放，或您的会话已结束。"


class NotAllowed(wrong.WanggeError):
    """Your role does not include this."""

    zh = "您的角色没有此权限。"


class WrongPassword(wrong.WanggeError):
    """The account or the password is wrong."""

    zh = "账号或密码错误。"


class SignInRefused(wrong.WanggeError):
    """The sign-in did not come back as it went out, or was refused there; begin it again."""

    zh = "登录未能完成：返回的信息与发起时不符，或已被认证平台拒绝；请重新登录。"


class ChangePassword(wrong.WanggeError):
    """Your password was made by somebody else: change it first."""

    zh = "您的密码由他人设置，请先修改密码。"


class PlainHttp(wrong.WanggeError):
    """Passwords are taken over HTTPS only, except on this machine itself."""

    zh = "除本机访问外，仅可通过 HTTPS 登录。"


class FromAnotherSite(wrong.WanggeError):
    """Only a page of this service itself, or a program with a token, may change or fetch this."""

    zh = "只有本服务的页面或持令牌的程序可以更改或读取。"


class Unexpected(wrong.WanggeError):
    """Something went wrong here and was noted; tell the operator the request_id."""

    zh = "服务内部出错并已记录；请将 request_id 告知管理员。"


# The nearest class above an error decides. Malformed requests are 400, well-formed ones that cannot be met 422.
STATUSES: Mapping[type[wrong.WanggeError], int] = MappingProxyType(
    {
        wrong.WanggeError: 500,
        wrong.Invalid: 422,
        BadRequest: 400,
        BadAddress: 400,
        BadJson: 400,
        BadParameter: 400,
        UnknownParameter: 400,
        BadCursor: 400,
        SignInNeeded: 401,
        SignInRefused: 401,
        WrongPassword: 401,
        NotAllowed: 403,
        ChangePassword: 403,
        PlainHttp: 403,
        IdentityUnknown: 403,
        TicketRefused: 403,
        FromAnotherSite: 403,
        wrong.NotFound: 404,
        MethodNotAllowed: 405,
        BodyTooSlow: 408,
        wrong.Conflict: 409,
        wrong.StaleVersion: 412,
        wrong.IdempotencyMismatch: 422,
        BodyTooLarge: 413,
        WrongMediaType: 415,
        NotAddressedHere: 421,
        TooManyAttempts: 429,
        wrong.VersionRequired: 428,
        HeadTooLarge: 431,
        wrong.Unavailable: 503,
    }
)

_OF_STATUS: Mapping[int, type[wrong.WanggeError]] = MappingProxyType(
    {
        400: BadParameter,
        404: NoSuchRoute,
        405: MethodNotAllowed,
        413: BodyTooLarge,
        415: WrongMediaType,
    }
)


class Fault(TypedDict):
    """Where a request is wrong, and how: a place such as ``title`` and a code such as ``string_too_long``."""

    at: str
    code: str


def status_of(error: type[wrong.WanggeError]) -> int:
    """The HTTP status of an error class."""
    return next(STATUSES[above] for above in error.__mro__ if above in STATUSES)


def language_of(accepted: str, default: Language = "zh") -> Language:
    """The language of an Accept-Language header that we speak and that it likes best."""
    choices = [choice for choice in accepted[:MOST_ACCEPTED].split(",") if _spoken(choice, default)]
    return (_spoken(max(choices, key=_weight), default) or default) if choices else default


def problem(
    error: wrong.WanggeError,
    language: Language,
    request_id: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of an error."""
    body = problem_of(error, language, request_id)
    body |= {"faults": list(faults)} if faults else {}
    own = {"content-language": language, "vary": "accept-language", "cache-control": "no-store"}
    return Response(orjson.dumps(body), body["status"], own | dict(headers or {}), "application/problem+json")


def problem_of(error: wrong.WanggeError, language: Language, request_id: str) -> dict[str, Any]:
    """What is told of an error."""
    kind = type(error)
    body = {
        "type": f"/docs#{kind.code()}",
        "title": kind.zh if language == "zh" else kind.title(),
        "status": status_of(kind),
        "code": kind.code(),
        "request_id": request_id,
    }
    return body | ({"detail": error.detail} if error.detail else {})


def install(app: FastAPI, default: Language) -> None:
    """Have the application answer every error as a problem."""

    def answer(request: Request, error: wrong.WanggeError, **more: Any) -> Response:
        asked = request.headers.get("accept-language", "")
        return problem(error, language_of(asked, default), request.scope.get("request_id", ""), **more)

    async def known(request: Request, error: wrong.WanggeError) -> Response:
        return answer(request, error, headers=_headers(error))

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [_fault(one) for one in error.errors()[:MOST_FAULTS]]
        in_body = any(fault["at"] == "body" or fault["at"].startswith("body.") for fault in faults)
        return answer(request, BadBody() if in_body else BadParameter(), faults=faults)

    async def plain(request: Request, error: HTTPException) -> Response:
        kind = _OF_STATUS.get(error.status_code, Unexpected)
        allow = {"allow": allowed_at(request.scope)} if kind is MethodNotAllowed else error.headers
        return answer(request, kind(), headers=allow)

    async def unreachable(request: Request, error: Exception) -> Response:
        request.scope["failed"] = error
        return answer(request, wrong.Unavailable(), headers={"retry-after": "5"})

    app.add_exception_handler(wrong.WanggeError, known)  # pyright: ignore[reportArgumentType]
    app.add_exception_handler(RequestValidationError, invalid)  # pyright: ignore[reportArgumentType]
    app.add_exception_handler(HTTPException, plain)  # pyright: ignore[reportArgumentType]
    app.add_exception_handler(OperationalError, unreachable)
    app.add_exception_handler(PoolTimeout, unreachable)


def _headers(error: wrong.WanggeError) -> dict[str, str]:
    if isinstance(error, TooManyAttempts):
        return {"retry-after": str(error.wait_s)}
    if isinstance(error, SignInNeeded):
        return {"www-authenticate": 'Bearer realm="wangge"'}
    return {"retry-after": "5"} if isinstance(error, wrong.Unavailable) else {}


_PLACE = re.compile(r"[a-z][a-z0-9_-]{0,40}", re.IGNORECASE)


def _fault(one: Mapping[str, Any]) -> Fault:
    # A name that the client made up is its input: it is not repeated.
    place = one["loc"][:-1] if one["type"] == "extra_forbidden" else one["loc"]
    where, *inside = place or ("request",)
    named = [str(part) for part in inside if isinstance(part, int) or _PLACE.fullmatch(str(part))]
    return {"at": ".".join([str(where), *named]), "code": one["type"]}


def _weight(choice: str) -> float:
    found = re.search(r";\s*q=([01](?:\.\d{0,3})?)\s*$", choice)
    return float(found[1]) if found else 1.0


def _spoken(choice: str, default: Language) -> Language | None:
    spoken: Mapping[str, Language] = {"zh": "zh", "en": "en", "*": default}
    name = re.split("[;-]", choice.strip().lower(), maxsplit=1)[0].strip()
    return spoken.get(name) if _weight(choice) > 0 else None
