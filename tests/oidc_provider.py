"""An identity provider for the tests: a real server with discovery, keys, a code flow with PKCE, and bad manners."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "wangge-client", "the client's secret"


@cache
def made_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@dataclass
class Provider:
    """Who it says signs in, and how it misbehaves: `mischief` is the name of one of its bad manners."""

    issuer: str = ""
    subject: str = "person-1"
    mischief: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: made_key("one"))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def facts(self) -> dict[str, Any]:
        where = "http://provider.example" if self.mischief == "addresses in the clear" else self.issuer
        return {
            "issuer": "https://another.example" if self.mischief == "another's discovery" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{where}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            authorization != f"Basic {expected}"
            or asked is None
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge"] != encoded(challenge)
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
        }  # fmt: skip
        claims |= {
            "another nonce": {"nonce": "n" * 43},
            "another issuer": {"iss": "https://another.example"},
            "another audience": {"aud": "another-client"},
            "another party": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
            "expired": {"exp": now - 120, "iat": now - 900},
            "not yet": {"nbf": now + 900},
            "no subject": {"sub": ""},
            "another's access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        }.get(self.mischief, {})
        claims |= self.extra
        if self.mischief in {"no nonce", "no expiry", "no audience", "no issuer"}:
            del claims[{"nonce": "nonce", "expiry": "exp", "audience": "aud", "issuer": "iss"}[self.mischief[3:]]]
        return self.signed(claims)

    def signed(self, claims: dict[str, Any]) -> str:
        text = json.dumps(claims)
        if self.mischief == "no signature":
            return f"{encoded(json.dumps({'alg': 'none', 'kid': 'one'}).encode())}.{encoded(text.encode())}."
        if self.mischief == "signed with the public key":
            begun = f"{encoded(json.dumps({'alg': 'HS256', 'kid': 'one'}).encode())}.{encoded(text.encode())}"
            made = hmac.digest(self.key.as_pem(private=False), begun.encode(), "sha256")  # libraries refuse to
            return f"{begun}.{encoded(made)}"
        if self.mischief in {"another's key", "a key of its own in the token"}:
            key = RSAKey.import_key(made_key("another").as_dict(private=True) | {"kid": "one"})
            header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
            if self.mischief == "a key of its own in the token":
                header["jwk"] = key.as_dict(private=False)
            return jws.serialize_compact(header, text, key)
        token = jwt.encode({"alg": "RS256", "kid": str(self.key.kid)}, claims, self.key)
        return token[:-8] + "AAAAAAA" + token[-1] if self.mischief == "a broken signature" else token


@contextmanager
def provider() -> Generator[Provider]:  # noqa: C901 - a server in one piece
    """A provider that runs until the end of the block."""
    served = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            if served.mischief == "hangs":
                served.release.wait(60)
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            match parts.path, served.mischief:
                case "/.well-known/openid-configuration", "redirects":
                    self.answer(302, {}, location=f"{served.issuer}/elsewhere")
                case "/.well-known/openid-configuration", "never stops":
                    self.answer(200, {"issuer": "x" * 2_000_000})
                case "/.well-known/openid-configuration", _:
                    self.answer(200, served.facts())
                case "/keys", _:
                    self.answer(200, {"keys": [served.key.as_dict(private=False)]})
                case "/authorize", _:
                    self.answer(302, {}, location=served.authorize(query))
                case _:
                    self.answer(404, {})

        def do_POST(self) -> None:
            served.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*served.token(form, self.headers.get("authorization", "")))

        def answer(self, status: int, body: dict[str, Any], location: str = "") -> None:
            said = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            if location:
                self.send_header("location", location)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.release.set()
        server.shutdown()
        server.server_close()
