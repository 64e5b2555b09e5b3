"""Passwords: what is kept of them, how they are checked, and which are refused."""

import secrets
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn

from geo.errors import Invalid

SHORTEST, LONGEST = 12, 128
FEWEST_GUESSES = 1e10  # of who knows the common passwords, names, keyboards and dates, and the words below
OUR_WORDS = ("wangge", "网格", "xingan", "xinganmeng", "wulanhaote", "ulanhot", "dispatcher", "admin")
_LOOKED_AT = 72  # what comes behind makes none weaker, and the estimate's work grows faster than its length
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: they are read aloud and written down


class WeakPassword(Invalid):
    """A password must have 12 to 128 characters and not be easy to guess: no common one, no name, nothing repeated."""

    zh = "密码须为 12 至 128 个字符，且不易猜到：不得为常见密码、账号名或重复的字符。"


class SamePassword(Invalid):
    """The new password is the present one."""

    zh = "新密码不得与现在的密码相同。"


def made() -> str:
    """A random password of 80 bits, in four groups."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def hashed(password: str, account: str) -> str:
    """The Argon2id hash that is kept of a password; raises `WeakPassword`."""
    if not SHORTEST <= len(password) <= LONGEST or guesses(password, account) < FEWEST_GUESSES:
        raise WeakPassword
    return _hasher().hash(password)


def guesses(password: str, account: str) -> float:
    """
    How many guesses a password takes who tries common ones, the account's name and our own words first.

    References
    ----------
    Wheeler (2016), zxcvbn: Low-Budget Password Strength Estimation, USENIX Security.
    """
    known = [account, *account.split("."), *OUR_WORDS]
    return float(zxcvbn(password.strip()[:_LOOKED_AT], user_inputs=known, max_length=_LOOKED_AT)["guesses"])


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
