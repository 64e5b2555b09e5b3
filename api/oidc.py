"""
OpenID Connect: where a browser is sent to prove who somebody is, and what of the answer is believed.

The code flow with PKCE (RFC 7636), state and nonce. All three are derived from one secret in the browser's cookie: only
the browser that went out can come back, and the database keeps nothing that would open a door. Whatever is asked of a
provider is asked with a time limit and off the event loop's back; a provider that hangs delays nobody else.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import ssl
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.errors import SignInRefused
from geo.errors import Unavailable
from geo.identities import LONGEST_SUBJECT, Provider, is_trusted_address

WAIT_S = 5.0  # for any one byte of a provider
WHOLE_WAIT_S = 10.0  # for an answer as a whole, however it trickles
KEPT_S = 600.0  # how long what a provider says of itself is believed
FAILURE_KEPT_S = 5.0  # how long one that does not answer is not asked again
MOST_BYTES = 500_000
LEEWAY_S = 60
# Signatures with a key that the provider alone has. Neither none nor HS256, whose key would be its public one.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderSilent(Unavailable):
    """The identity provider does not answer, or not as OpenID Connect demands; try again shortly."""

    zh = "统一身份认证平台暂无响应或响应不合规；请稍后重试。"


@dataclass(frozen=True)
class Journey:
    """What a browser carries to a provider and back: all of it derived from its secret."""

    secret: str

    @classmethod
    def new(cls) -> "Journey":
        """One with a fresh secret of 256 bits."""
        return cls(secrets.token_urlsafe(32))

    @property
    def state(self) -> str:
        """Ties the answer to the browser."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Ties the ID token to the browser."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Ties the code to whoever asked for it."""
        return self._derived("verifier")

    def began(self, state: str) -> bool:
        """Whether an answer belongs to this journey."""
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace"))

    def _derived(self, purpose: str) -> str:
        made = hmac.digest(self.secret.encode("utf-8", "replace"), purpose.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


@dataclass(frozen=True)
class Known:
    """What a provider says of itself, its keys, and until when (monotonic clock) that is believed."""

    facts: Mapping[str, Any]
    keys: KeySet
    until_s: float


class Providers:
    """What one process knows of the providers."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._silent: dict[str, float] = {}
        self._asking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # one that hangs delays no other

    async def address(self, provider: Provider, journey: Journey, back: str) -> str:
        """Where a browser is sent to; raises `ProviderSilent`."""
        known = await self._of(provider)
        return prepare_grant_uri(
            known.facts["authorization_endpoint"],
            provider.client_id,
            "code",
            redirect_uri=back,
            scope="openid" if provider.claim == "sub" else "openid profile",
            state=journey.state,
            nonce=journey.nonce,
            code_challenge=create_s256_code_challenge(journey.verifier),
            code_challenge_method="S256",
        )

    async def subject(self, provider: Provider, secret: str | None, journey: Journey, *, code: str, back: str) -> str:
        """
        Whom a provider vouches for.

        Parameters
        ----------
        provider, secret
            Which, and this service's secret with it.
        journey
            That the browser went out with.
        code
            That it came back with.
        back
            Where to, as it was said at the beginning.

        Raises
        ------
        ProviderSilent
            It does not answer.
        SignInRefused
            The code or the ID token is not good.
        """
        known = await self._of(provider)
        asked = prepare_token_request(
            "authorization_code", code=code, redirect_uri=back, code_verifier=journey.verifier
        )
        proof = _proof(provider, secret, known.facts)
        try:
            async with asyncio.timeout(WHOLE_WAIT_S):
                answer = await _json(known.facts["token_endpoint"], asked, proof)
        except (TimeoutError, httpx.HTTPError) as error:
            raise ProviderSilent from error
        except (ValueError, TypeError) as error:
            raise SignInRefused from error
        try:
            return _subject(provider, known, answer, journey.nonce)
        except (JoseError, ValueError, TypeError):
            # A key that came into use a moment ago is asked for once.
            known = await self._of(provider, since_s=known.until_s)
        try:
            return _subject(provider, known, answer, journey.nonce)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInRefused from error

    async def farewell(self, provider: Provider, back: str) -> str | None:
        """Where a browser signs out at the provider too; None if it has no such place or does not answer."""
        try:
            address = (await self._of(provider)).facts.get("end_session_endpoint")
        except ProviderSilent:
            return None
        if not isinstance(address, str) or not is_trusted_address(address):
            return None
        more = {"client_id": provider.client_id, "post_logout_redirect_uri": back}
        return str(httpx.URL(address).copy_merge_params(more))

    async def _of(self, provider: Provider, since_s: float | None = None) -> Known:
        """What is known of a provider; asked again when it is old, or when it must be newer than what was tried."""
        async with self._asking[provider.issuer]:
            known, now_s = self._known.get(provider.issuer), time.monotonic()
            stale = known is None or known.until_s < now_s or known.until_s == since_s
            if known is not None and not (stale and now_s - (known.until_s - KEPT_S) > FAILURE_KEPT_S):
                return known
            if self._silent.get(provider.issuer, 0.0) > now_s:
                raise ProviderSilent
            try:
                self._known[provider.issuer] = known = await _discovered(provider)
            except ProviderSilent:
                self._silent[provider.issuer] = time.monotonic() + FAILURE_KEPT_S
                raise
            return known


async def _discovered(provider: Provider) -> Known:
    try:
        async with asyncio.timeout(WHOLE_WAIT_S):
            facts = await _json(get_well_known_url(provider.issuer, external=True))
            _check(provider, facts)
            keys = KeySet.import_key_set(cast(Any, await _json(facts["jwks_uri"])))
    except (TimeoutError, httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderSilent from error
    return Known(facts, keys, time.monotonic() + KEPT_S)


def _check(provider: Provider, facts: Mapping[str, Any]) -> None:
    """Another's issuer or an address in the clear is no provider of ours."""
    if facts["issuer"] != provider.issuer or not all(is_trusted_address(facts[name]) for name in ADDRESSES):
        raise ValueError("issuer or addresses")


async def _json(address: str, form: str | None = None, proof: ClientAuth | None = None) -> dict[str, Any]:
    """A document of a provider: small, from that very address, whatever redirects would say."""
    method, headers, body = "GET" if form is None else "POST", {"accept": "application/json"}, form or ""
    if proof is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
        address, headers, body = proof.prepare(method, address, headers, body)
    async with (
        httpx.AsyncClient(verify=_trust(), timeout=WAIT_S, trust_env=False) as client,
        client.stream(method, address, headers=headers, content=body) as answer,
    ):
        if not answer.is_success:
            raise ValueError(answer.status_code)
        return _object(await _read(answer))


async def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise ValueError("too large")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return cast(dict[str, Any], found)


def _proof(provider: Provider, secret: str | None, facts: Mapping[str, Any]) -> ClientAuth:
    """How this service proves itself: by its secret, in the way that the provider knows, or by PKCE alone."""
    ways = facts.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
    return ClientAuth(provider.client_id, secret, way if secret else "none")


def _subject(provider: Provider, known: Known, answer: Mapping[str, Any], nonce: str) -> str:
    """The person in an ID token that is signed by the provider, for us, now, and for this very journey."""
    token = jwt.decode(
        str(answer.get("id_token", "")),
        known.keys,
        registry=JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False),
    )
    demanded = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    about = {"nonce": nonce, "client_id": provider.client_id, "access_token": answer.get("access_token")}
    claims = CodeIDToken(token.claims, token.header, demanded, about)
    claims.validate(leeway=LEEWAY_S)
    found = claims.get(provider.claim)
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_SUBJECT:
        raise SignInRefused
    return found


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that this machine trusts: an intranet's own is put there by its administrator."""
    return ssl.create_default_context()
