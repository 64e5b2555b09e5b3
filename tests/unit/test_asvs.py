"""The checklist of docs/asvs.md has every line of the standard, and names only tests that exist."""

import ast
import re
from collections import Counter
from functools import cache

from geo.settings import CHECKOUT

TEXT = (CHECKOUT / "docs" / "asvs.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.) \| (.+) \|$", TEXT, re.MULTILINE)
NAMED = re.findall(r"`((?:access|acceptance|integration|unit)/[\w/]+\.py)::(\w+)`", TEXT)
# Requirements of ASVS 5.0.0 by section: how many of level 1, and of level 2. What has neither is of level 3 alone.
SECTIONS = {
    "1.1": (0, 2), "1.2": (5, 4), "1.3": (2, 9), "1.4": (0, 3), "1.5": (1, 1),
    "2.1": (1, 2), "2.2": (2, 1), "2.3": (1, 3), "2.4": (0, 1),
    "3.2": (2, 0), "3.3": (1, 3), "3.4": (2, 4), "3.5": (3, 2), "3.7": (0, 2),
    "4.1": (1, 2), "4.2": (0, 1), "4.3": (0, 2), "4.4": (1, 3),
    "5.1": (0, 1), "5.2": (2, 1), "5.3": (2, 0), "5.4": (0, 3),
    "6.1": (1, 2), "6.2": (8, 4), "6.3": (2, 2), "6.4": (2, 2), "6.5": (0, 5), "6.6": (0, 3), "6.8": (0, 4),
    "7.1": (0, 3), "7.2": (4, 0), "7.3": (0, 2), "7.4": (2, 3), "7.5": (0, 2), "7.6": (0, 2),
    "8.1": (1, 1), "8.2": (2, 1), "8.3": (1, 0), "8.4": (0, 1),
    "9.1": (3, 0), "9.2": (1, 3),
    "10.1": (0, 2), "10.2": (0, 2), "10.3": (0, 4), "10.4": (5, 6), "10.5": (0, 5), "10.6": (0, 2), "10.7": (0, 3),
    "11.1": (0, 2), "11.2": (0, 3), "11.3": (2, 1), "11.4": (1, 3), "11.5": (0, 1), "11.6": (0, 1),
    "12.1": (1, 2), "12.2": (2, 0), "12.3": (0, 4),
    "13.1": (0, 1), "13.2": (0, 5), "13.3": (0, 2), "13.4": (1, 4),
    "14.1": (0, 2), "14.2": (1, 3), "14.3": (1, 2),
    "15.1": (1, 2), "15.2": (1, 2), "15.3": (1, 6),
    "16.1": (0, 1), "16.2": (0, 5), "16.3": (0, 4), "16.4": (0, 3), "16.5": (0, 3),
}  # fmt: skip


@cache
def functions_of(path: str) -> frozenset[str]:
    file = CHECKOUT / "tests" / path.replace("access/", "integration/access/", 1 if path.startswith("access/") else 0)
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_test_that_the_checklist_names_exists() -> None:
    assert len(NAMED) > 200
    assert [f"{path}::{name}" for path, name in NAMED if name not in functions_of(path)] == []
    assert all(name.startswith("test_") for _, name in NAMED)
    assert len(NAMED) == TEXT.count("::")


def test_the_checklist_has_every_line_of_levels_one_and_two() -> None:
    numbers = [number for number, *_ in LINES]
    assert len(set(numbers)) == len(numbers) == TEXT.count(" | 1 | ") + TEXT.count(" | 2 | ") == 246
    assert numbers == sorted(numbers, key=lambda number: [int(part) for part in number.split(".")])
    found = Counter((number.rpartition(".")[0], level) for number, level, *_ in LINES)
    assert found == Counter(
        {(name, level): n for name, counts in SECTIONS.items() for level, n in zip("12", counts, strict=True) if n}
    )


def test_each_line_says_how_it_stands_and_what_shows_it_or_why_not() -> None:
    assert {mark for *_, mark, _ in LINES} == set("●◐○–")
    for number, _, _, mark, why in LINES:
        assert len(why) > 5, number
        if mark == "◐":
            assert "::" in why or "](" in why, number


def test_every_field_for_a_password_is_masked_and_takes_pastes_and_helpers() -> None:
    fields = [
        field
        for file in (CHECKOUT / "web" / "src").rglob("*.ts")
        for field in re.findall(r"<input[^>]*>", file.read_text(encoding="utf-8"))
        if "password" in field.lower()
    ]
    assert len(fields) >= 2
    for field in fields:
        assert 'type="password"' in field
        assert "autocomplete=" in field
        assert 'autocomplete="off"' not in field
        assert "@paste" not in field
