"""Passwords of tests are hashed as in service, with a thousandth of the work: many tests make accounts of their own."""

from collections.abc import Generator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from geo import passwords


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Generator[None]:
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", lambda: hasher)
        passwords.nobodys.cache_clear()
        yield
    passwords.nobodys.cache_clear()
