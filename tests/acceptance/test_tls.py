"""HTTPS as operators set it up, `wangge tls` and `wangge serve --tls`, asked over the wire by a client that checks."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli.program import app
from api.cli.serve import run, with_certificate
from api.tls import NoCertificate
from geo import accounts, db
from geo.keys import KeysUnsafe
from geo.roles import Role
from geo.settings import Settings, settings

from .conftest import ROOT, free_port, furnish

PASSWORD = "correct horse battery"
WANGGE = str(Path(sys.executable).with_name("wangge"))


@pytest.fixture(scope="module")
def environment(database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    furnish(database)
    with db.open_pool(database, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, "desk.tls")
        accounts.set_password(conn, made, PASSWORD)
        accounts.grant(conn, made, Role.DISPATCHER, None)
    keys = tmp_path_factory.mktemp("tls") / "keys"
    return os.environ | {"WANGGE_DSN": database, "WANGGE_LOG_LEVEL": "warning", "WANGGE_KEY_DIR": str(keys)}


@contextmanager
def serving(
    environment: dict[str, str], scheme: str, trust: ssl.SSLContext, *options: str
) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """`wangge serve` from when it answers, and its address."""
    url = f"{scheme}://localhost:{(port := free_port())}"
    with subprocess.Popen([WANGGE, "serve", "--port", str(port), *options], cwd=ROOT, env=environment) as process:
        try:
            await_life(process, url, trust)
            yield url, process
        finally:
            process.terminate()


def await_life(process: subprocess.Popen[bytes], url: str, trust: ssl.SSLContext) -> None:
    for _ in range(1800):
        try:
            if httpx.get(f"{url}/health/live", verify=trust).is_success:
                return
        except httpx.TransportError:
            assert process.poll() is None
            time.sleep(0.1)
    raise AssertionError("the service did not come up")


@pytest.fixture(scope="module")
def place(environment: dict[str, str]) -> Path:
    """Where `wangge tls` put authority and certificate."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WANGGE_KEY_DIR", environment["WANGGE_KEY_DIR"])
        settings.cache_clear()
        with pytest.raises(NoCertificate):
            with_certificate(Settings())
        made = CliRunner().invoke(app, ["tls", "grid.localhost", "localhost", "127.0.0.1"])
        assert made.exit_code == 0, made.output
    settings.cache_clear()
    return Path(environment["WANGGE_KEY_DIR"]).parent / "tls"


@pytest.fixture(scope="module")
def secure(environment: dict[str, str], place: Path) -> Generator[tuple[str, ssl.SSLContext]]:
    trust = ssl.create_default_context(cafile=place / "wangge-ca.crt")
    with serving(environment, "https", trust, "--tls") as (url, _):
        yield url, trust


def test_a_desk_signs_in_over_https_with_a_cookie_of_this_host_alone(secure: tuple[str, ssl.SSLContext]) -> None:
    url, trust = secure
    with httpx.Client(base_url=url, verify=trust, headers={"Origin": url}) as client:
        answer = client.post("/v1/session", json={"account": "desk.tls", "password": PASSWORD})
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-wangge=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert client.get("/v1/incidents").status_code == 200
        secret = client.cookies["__Host-wangge"]
    # A cookie that another site below our name tossed cannot have the name that we look for.
    tossed = httpx.get(f"{url}/v1/session", verify=trust, headers={"Cookie": f"wangge={secret}"})
    assert tossed.json()["account"] is None


def test_the_names_of_the_certificate_are_answered_to_and_no_others(secure: tuple[str, ssl.SSLContext]) -> None:
    url, trust = secure
    for host, status in (("grid.localhost", 200), ("127.0.0.1", 200), ("evil.example", 421)):
        assert httpx.get(f"{url}/health/live", verify=trust, headers={"Host": host}).status_code == status
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/live")  # who was not given the authority does not trust it


@pytest.mark.parametrize(
    ("ciphers", "version", "taken"),
    [
        ("ECDHE+AESGCM", ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
        ("ECDHE+AESGCM", ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ("ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1, None),
        ("AES128-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1_2, None),  # no forward secrecy, SHA-1
        ("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", ssl.TLSVersion.TLSv1_2, None),
        ("ECDHE-ECDSA-AES128-SHA256", ssl.TLSVersion.TLSv1_2, None),
    ],
)
def test_only_present_versions_and_ciphers_of_tls_are_spoken(
    secure: tuple[str, ssl.SSLContext], place: Path, ciphers: str, version: ssl.TLSVersion, taken: str | None
) -> None:
    offered = ssl.create_default_context(cafile=place / "wangge-ca.crt")
    offered.set_ciphers(ciphers)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        offered.minimum_version = min(version, ssl.TLSVersion.TLSv1_2)
        offered.maximum_version = version
    port = int(secure[0].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        if taken is None:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                offered.wrap_socket(plain, server_hostname="localhost")
            return
        with offered.wrap_socket(plain, server_hostname="localhost") as spoken:
            assert spoken.version() == taken
            assert any(kind in spoken.cipher()[0] for kind in ("GCM", "CHACHA20"))


def worker_of(process: subprocess.Popen[bytes], other_than: int = 0) -> psutil.Process:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for child in psutil.Process(process.pid).children():
            if child.pid != other_than and child.status() != psutil.STATUS_ZOMBIE and "worker" in child.cmdline():
                return child
        time.sleep(0.1)
    raise AssertionError("there is no worker")


def test_a_worker_runs_beside_the_service_and_ends_with_it(environment: dict[str, str]) -> None:
    with serving(environment, "http", ssl.create_default_context()) as (_, process):
        first = worker_of(process)
        first.kill()
        second = worker_of(process, first.pid)  # it is started again
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert not second.is_running()


def test_where_keys_would_be_unsafe_the_service_does_not_start_and_says_why(database: str, tmp_path: Path) -> None:
    open_to_all = tmp_path / "keys"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    chosen = Settings(dsn=database, key_dir=open_to_all, port=free_port())
    with pytest.raises(KeysUnsafe, match="chmod go-rwx"):
        run(chosen)
    with pytest.raises(KeysUnsafe), TestClient(create_app(chosen)):
        pass
