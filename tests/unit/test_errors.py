"""Errors: their statuses, their codes, their language; and docs/api.md names each of them."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import STATUSES, BadJson, language_of, problem, status_of
from geo import errors

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "api.md"
HEAD = "| code | status | what it says | 说明 |\n|---|---|---|---|\n"

# In a process of its own: what another test imports is no answer of the service.
LIST = """
import api.app
from api.errors import status_of
from api.pages import every_error
for kind in sorted(every_error(), key=lambda kind: (status_of(kind), kind.code())):
    print(f"| `{kind.code()}` | {status_of(kind)} | {kind.title()} | {kind.zh} |")
"""


def test_every_error_that_the_service_may_answer_is_documented_and_no_other():
    listed = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    said = DOCS.read_text(encoding="utf-8")
    renewed = said[: said.index(HEAD)] + HEAD + listed
    if os.environ.get("WANGGE_RENEW_SNAPSHOTS"):
        DOCS.write_text(renewed, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == renewed, "renew the table with WANGGE_RENEW_SNAPSHOTS=1"


def test_an_error_takes_the_status_of_its_nearest_kind():
    assert status_of(errors.StaleVersion) == 412
    assert status_of(errors.TransitionRefused) == 409
    assert status_of(errors.UndeclaredCrs) == 422
    assert {status // 100 for status in STATUSES.values()} == {4, 5}


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
