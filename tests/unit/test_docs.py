"""What the documents say is what the program has."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo.errors import WanggeError
from geo.settings import CHECKOUT, Settings

ENGLISH, CHINESE = CHECKOUT / "README.md", CHECKOUT / "README.zh.md"


def tracked(*patterns: str) -> list[Path]:
    found = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return [CHECKOUT / name for name in found.stdout.split("\0") if name]


def errors(root: type[WanggeError] = WanggeError) -> Iterator[type[WanggeError]]:
    yield root
    for child in root.__subclasses__():
        yield from errors(child)


def test_every_setting_is_documented_with_its_default() -> None:
    text = (CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `WANGGE_(\w+)` \| (.+?) \|", text, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, str | int):
            assert str(field.default) in rows[name.upper()]


def test_there_are_at_most_twenty_settings() -> None:
    assert len(Settings.model_fields) <= 20


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in tracked("*.md"):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_both_readmes_name_the_same_commands() -> None:
    def commands(readme: Path) -> list[str]:
        blocks = re.findall(r"```console\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
        return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]

    assert commands(ENGLISH) == commands(CHINESE)
    assert {"script/server", "script/test"} <= set(commands(ENGLISH))


def test_every_error_has_a_message_in_both_languages_and_a_code_of_its_own() -> None:
    seen: dict[str, type[WanggeError]] = {}
    for error in errors():
        assert error.__doc__, error
        assert "zh" in vars(error), error
        assert re.search(r"[\u4e00-\u9fff]", error.zh), error
        assert seen.setdefault(error.code(), error) is error


@pytest.mark.parametrize("lock", tracked("requirements/*.txt", "*package-lock.json"), ids=lambda path: path.name)
def test_lock_files_hold_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?://(?!opencollective|github|ko-fi|paypal|tidelift|feross|www\.patreon)", text)
    assert "sha512-" in text or "--hash=sha256:" in text
