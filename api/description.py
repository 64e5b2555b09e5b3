"""
The description of the API, completed: which refusals each operation may answer with, and an example of each answer.

What a refusal looks like is the same everywhere, and which of them an operation may give follows from what it takes:
only what does not follow is said at the route, by `refusals`.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI

from api import errors
from api.errors import problem_of
from api.schemas import Problem
from geo import errors as wrong
from geo.throttle import TooManyAttempts

Document = dict[str, Any]

EXAMPLES = Path(__file__).with_name("examples.json")
SAFE = frozenset({"get", "head", "options"})
NAMING = frozenset({"unit", "parent", "at", "known_at"})  # parameters that may name what is not there
# The refusal that stands as the example of its status.
TYPICAL: Mapping[int, type[wrong.WanggeError]] = {
    400: errors.BadParameter,
    401: errors.SignInNeeded,
    403: errors.NotAllowed,
    404: wrong.NotFound,
    408: errors.BodyTooSlow,
    409: wrong.Conflict,
    412: wrong.StaleVersion,
    413: errors.BodyTooLarge,
    415: errors.WrongMediaType,
    421: errors.NotAddressedHere,
    422: errors.BadBody,
    428: wrong.VersionRequired,
    429: TooManyAttempts,
    500: errors.Unexpected,
    503: wrong.Unavailable,
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer beside what follows from its method, permission, parameters and body."""
    return {status: {} for status in statuses}


def install(app: FastAPI) -> None:
    """Have the application describe itself in full."""
    plain, examples = app.openapi, orjson.loads(EXAMPLES.read_bytes())

    def openapi() -> Document:
        document = plain()  # the same one each time
        return document if _is_full(document) else _full(document, examples)

    app.openapi = openapi


def _is_full(document: Document) -> bool:
    return "responses" in document.get("components", {})


def _full(document: Document, examples: Mapping[str, Any]) -> Document:
    """Add refusals and examples to a document; it is changed in its place."""
    parts = document.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts.setdefault("schemas", {}).update(problem.pop("$defs", {}) | {"Problem": problem})
    parts["responses"] = {_name(status): _response(kind) for status, kind in TYPICAL.items()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation, examples)
    return document


def _complete(path: str, method: str, operation: Document, examples: Mapping[str, Any]) -> None:
    answers = operation["responses"]
    answers.pop("4XX", None)
    for status in sorted({*_refused(path, method, operation), *_said(answers)}):
        if "content" not in answers.get(str(status), {}):
            answers[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    for parameter in operation.get("parameters", ()):
        value = next(_own(parameter["schema"]), examples["parameters"].get(parameter["name"]))
        if value is not None:
            parameter["example"] = value
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and (value := examples["bodies"].get(f"{method.upper()} {path}")) is not None:
        body["example"] = value
    for status, answer in answers.items():
        value = examples["answers"].get(f"{method.upper()} {path}")
        if status.startswith("2") and value is not None:
            next(iter(answer["content"].values()))["example"] = value


def _own(schema: Document) -> Iterator[Any]:
    """What a parameter's own type gives as an example."""
    yield from schema.get("examples", schema.get("enum", ()))[:1]
    for one in schema.get("anyOf", ()):
        yield from _own(one)


def _said(answers: Document) -> Iterator[int]:
    return (int(status) for status in answers if status.isdecimal() and int(status) >= 400)


def _refused(path: str, method: str, operation: Document) -> Iterator[int]:
    """What follows from what an operation is: every one has an address, a name and a database behind it."""
    yield from (400, 421, 500, 503)
    named = {parameter["name"] for parameter in operation.get("parameters", ())}
    if operation.get("x-permission") != "public":
        yield from (401, 403)
    if "{" in path or not NAMING.isdisjoint(named):
        yield 404
    if "crs" in named:
        yield 422
    if method not in SAFE:
        yield from (403, 408, 413, 415)
    if "requestBody" in operation:
        yield 422


def _name(status: int) -> str:
    return "".join(word.capitalize() for word in HTTPStatus(status).name.split("_"))


def _response(kind: type[wrong.WanggeError]) -> Document:
    example = problem_of(kind(1) if kind is TooManyAttempts else kind(), "en", "01a206f1ca8c76e58264e3f282c19922")
    return {
        "description": f"{kind.title()} {kind.zh}",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }
