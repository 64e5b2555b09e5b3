"""Errors: their statuses, their codes, their language; and docs/api.md names each of them."""

import re
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import app  # noqa: F401 - every module that the service loads, and with it every error that it knows
from api.errors import STATUSES, BadJson, language_of, problem, status_of
from api.pages import every_error
from geo import errors

DOCS = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.code())
def test_every_error_of_the_service_is_documented_with_its_status(kind: type[errors.WanggeError]):
    if kind.__module__.split(".")[0] in {"geo", "tiles", "api"}:
        assert re.search(rf"^\| `{kind.code()}` \| {status_of(kind)} \|", DOCS, re.MULTILINE), kind.code()


def test_every_documented_error_is_there():
    known = {kind.code() for kind in every_error()}
    named = re.findall(r"^\| `([a-z0-9-]+)` \| \d{3} \|", DOCS, re.MULTILINE)
    assert set(named) <= known
    assert len(named) == len(set(named))


def test_an_error_takes_the_status_of_its_nearest_kind():
    assert status_of(errors.StaleVersion) == 412
    assert status_of(errors.TransitionRefused) == 409
    assert status_of(errors.UndeclaredCrs) == 422
    assert set(STATUSES.values()) <= {400, 404, 405, 409, 412, 413, 415, 421, 422, 428, 500, 503}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "zh"),
        ("en", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("zh;q=0.1,en;q=0.5", "en"),
        ("fr, de;q=0.9", "zh"),
        ("fr, en;q=0.1", "en"),
        ("*", "zh"),
        ("en;q=0", "zh"),
        ("en;q=abc", "en"),
        (";;;,,,q=", "zh"),
    ],
)
def test_the_language_is_the_one_that_the_asker_likes_best(asked: str, given: str):
    assert language_of(asked) == given


@given(st.text(max_size=300))
def test_no_accept_language_breaks_the_choice(asked: str):
    assert language_of(asked, "en") in {"zh", "en"}


def test_a_problem_says_what_is_wrong_in_the_language_that_was_asked():
    answers = [orjson.loads(problem(BadJson(), language, "r1").body) for language in ("zh", "en")]
    assert [answer["title"] for answer in answers] == [BadJson.zh, BadJson.title()]
    assert answers[0] | {"title": ""} == {
        "type": "/docs#bad-json",
        "title": "",
        "status": 400,
        "code": "bad-json",
        "request_id": "r1",
    }
