"""
Identity providers (OpenID Connect), and whose word of theirs lets whom in.

Providers are rows that an operator makes, not settings. A provider says who somebody is; which account that person may
act for is said here, by a link from the provider's lasting name of the person to the account. Nobody is let in without.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from geo import audit
from geo.accounts import Account
from geo.db import Connection, Row, execute, first, rows, statements
from geo.errors import Conflict, Invalid, NotFound
from geo.keys import KeyRing

SQL = statements("identities")
FLOW_LASTS = timedelta(minutes=10)
LONGEST_SUBJECT = 255  # OpenID Connect Core, 2
_NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ProviderNotFound(NotFound):
    """There is no such identity provider."""

    zh = "没有此统一身份认证平台。"


class ProviderExists(Conflict):
    """There is an identity provider of that name or issuer already."""

    zh = "已有同名或同一签发者的认证平台。"


class BadProvider(Invalid):
    """A provider needs a short name of small letters, and an https issuer without query (http on this machine only)."""

    zh = "认证平台须有小写短名称，签发者须为不带参数的 https 地址（仅本机可用 http）。"


class IdentityLinked(Conflict):
    """That person is linked to an account already; unlink first."""

    zh = "该身份已关联账号；请先解除关联。"


class LinkNotFound(NotFound):
    """No account is linked to that person."""

    zh = "没有与该身份关联的账号。"


class IdentityUnknown(NotFound):
    """The provider knows you, but no account here is linked to you; give the number below to the administrator."""

    zh = "认证平台已确认您的身份，但尚未关联本系统账号；请将下列编号告知管理员。"


@dataclass(frozen=True)
class Provider:
    """
    An identity provider.

    Attributes
    ----------
    name
        By which it is called here and in addresses.
    issuer
        As its tokens name it, to the letter.
    client_id
        What it calls this service.
    claim
        Of the ID token, what a person is known by: ``sub``, or another that is never given to somebody else.
    name_zh, name_en
        What people read on the button.
    has_secret
        Whether this service proves itself by a secret, which is kept beside the keys.
    """

    id: int
    name: str
    issuer: str
    client_id: str
    claim: str
    name_zh: str
    name_en: str
    has_secret: bool

    @property
    def secret_file(self) -> str:
        """The name of the file beside the keys that holds the client's secret."""
        return f"provider-{self.name}.secret"

    def secret(self, ring: KeyRing) -> str | None:
        """The client's secret; None for a client that has none."""
        return ring.read_text(self.secret_file) if self.has_secret else None


def is_trusted_address(address: str) -> bool:
    """Whether an address of a provider is one that nobody in between can answer for: https, or this machine itself."""
    try:
        parts = urlsplit(address)
        own = parts.scheme == "http" and parts.hostname in _LOOPBACK
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or own) and parts.username is None and not parts.fragment


def add(
    conn: Connection, name: str, issuer: str, client_id: str, *, claim: str, names: tuple[str, str], has_secret: bool
) -> Provider:
    """
    Make a provider known.

    Parameters
    ----------
    conn
        A transaction that may write accounts.
    name, issuer, client_id, claim, has_secret
        See `Provider`.
    names
        Chinese and English.

    Raises
    ------
    BadProvider
        Name or issuer are not as they must be.
    ProviderExists
        The name or the issuer is there.
    """
    if not _NAME.fullmatch(name) or not is_trusted_address(issuer) or "?" in issuer or not claim or not client_id:
        raise BadProvider
    values: Row = {
        "name": name,
        "issuer": issuer,
        "client_id": client_id,
        "claim": claim,
        "name_zh": names[0],
        "name_en": names[1],
        "has_secret": has_secret,
    }
    made = first(conn, SQL["add"], **values)
    if made is None:
        raise ProviderExists
    audit.append(conn, "provider.added", name)
    return Provider(id=made["id"], **values)


def providers(conn: Connection) -> list[Provider]:
    """All providers, by their names."""
    return [Provider(**row) for row in rows(conn, SQL["providers"], name=None)]


def find(conn: Connection, name: str) -> Provider:
    """The provider of a name; raises `ProviderNotFound`."""
    found = first(conn, SQL["providers"], name=name)
    if found is None:
        raise ProviderNotFound
    return Provider(**found)


def remove(conn: Connection, provider: Provider) -> None:
    """Forget a provider: nobody comes in by it any more, and who did is out."""
    execute(conn, SQL["end_sessions"], provider_id=provider.id, account_id=None)
    execute(conn, SQL["remove"], provider_id=provider.id)
    audit.append(conn, "provider.removed", provider.name)


def link(conn: Connection, account: Account, provider: Provider, subject: str) -> None:
    """Let a person at a provider act for an account; raises `IdentityLinked`."""
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise BadProvider
    if first(conn, SQL["link"], provider_id=provider.id, subject=subject, account_id=account.id) is None:
        raise IdentityLinked
    audit.append(conn, "identity.linked", account.name)


def unlink(conn: Connection, provider: Provider, subject: str) -> None:
    """Let a person at a provider act no more, and end the sessions that were begun so; raises `LinkNotFound`."""
    gone = first(conn, SQL["unlink"], provider_id=provider.id, subject=subject)
    if gone is None:
        raise LinkNotFound
    execute(conn, SQL["end_sessions"], provider_id=provider.id, account_id=gone["account_id"])
    audit.append(conn, "identity.unlinked", provider.name)


def links(conn: Connection) -> list[Row]:
    """Who is linked to what: provider, subject, account."""
    return rows(conn, SQL["links"])


def account_of(conn: Connection, provider: Provider, subject: str) -> Account:
    """The account that a person may act for; raises `IdentityUnknown`."""
    found = first(conn, SQL["linked"], provider_id=provider.id, subject=subject)
    if found is None:
        raise IdentityUnknown(subject)
    return Account(**found)


def leave(conn: Connection, provider: Provider, browser_sha256: bytes, leads_to: str) -> None:
    """Note that a browser goes to a provider, and where it is led when it comes back."""
    execute(conn, SQL["leave"], sha256=browser_sha256, provider_id=provider.id, leads_to=leads_to, lasts=FLOW_LASTS)


def come_back(conn: Connection, provider: Provider, browser_sha256: bytes) -> str | None:
    """Where a browser is led that comes back from a provider in time and for the first time; None for any other."""
    found = first(conn, SQL["come_back"], sha256=browser_sha256)
    if found is None or found["provider_id"] != provider.id or not found["in_time"]:
        return None
    return found["leads_to"]
