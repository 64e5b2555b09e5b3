"""Passwords: what is kept of them, how they are checked, and which are refused."""

import secrets
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from geo.errors import Invalid

SHORTEST, LONGEST = 12, 128
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: they are read aloud and written down


class WeakPassword(Invalid):
    """A password must have 12 to 128 characters, not be the account's name, and not repeat a few characters."""

    zh = "密码须为 12 至 128 个字符，不得为账号名，也不得由少数字符重复而成。"


def made() -> str:
    """A random password of 80 bits, in four groups."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def hashed(password: str, account: str) -> str:
    """The Argon2id hash that is kept of a password; raises `WeakPassword`."""
    plain = password.strip().lower()
    if not SHORTEST <= len(password) <= LONGEST or account in {plain, plain[::-1]} or len(set(plain)) < 5:
        raise WeakPassword
    return _hasher().hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """
    Whether a password is the one that was hashed.

    Without a hash, as of an account that does not exist, the same work is done for nothing: the time that an answer
    takes must not tell which accounts there are.
    """
    matches = _hasher().verify(password, password_hash or nobodys())
    return matches and password_hash is not None


@cache
def nobodys() -> str:
    """A hash that no password fits; made once in a process, before it is first needed."""
    return _hasher().hash(secrets.token_urlsafe(32))


@cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))
