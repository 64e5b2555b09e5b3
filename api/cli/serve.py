"""``wangge serve``: the service over HTTP."""

import signal
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
import uvicorn

from api import logging
from api import tls as certificates
from api.app import create_app
from api.cli.tls import directory
from api.cli.worker import beside
from api.connections import Impatient
from api.guard import is_loopback
from geo import accounts
from geo.cluster import connection_string
from geo.db import SIGN_IN, begin, open_pool
from geo.errors import WanggeError
from geo.keys import ring_of
from geo.settings import Settings, settings

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all of this kind


class NobodyCanSignIn(WanggeError):
    """Nobody can sign in yet, so it listens on this machine only: make an account with `wangge account add`."""

    zh = "尚无可登录的账号，服务只能在本机监听：请先用 wangge account add 创建账号并授权。"


class NoTls(WanggeError):
    """Passwords must not cross a network in the clear: run `wangge tls` and say --tls, or say --behind-proxy."""

    zh = "口令不得明文传输：请运行 wangge tls 并使用 --tls，或在前置代理终止 TLS 时使用 --behind-proxy。"


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on 监听地址")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port 端口")] = None,
    behind_proxy: Annotated[
        bool | None, typer.Option("--behind-proxy", help="A proxy on this machine ends TLS 由本机代理终止 TLS")
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="HTTPS with the certificate of `wangge tls` 使用 wangge tls 的证书")
    ] = False,
) -> None:
    """Serve pages, maps and API, with a worker beside 启动网页、地图与接口，并附带后台任务进程。"""
    chosen = settings()
    options: dict[str, Any] = {"host": host, "port": port, "behind_proxy": behind_proxy}
    chosen = chosen.model_copy(update={name: value for name, value in options.items() if value is not None})
    run(with_certificate(chosen) if tls else chosen)


def with_certificate(chosen: Settings) -> Settings:
    """Settings with the certificate that `wangge tls` made, and with the names that it is for."""
    files = certificates.serving(directory(), datetime.now(UTC))
    hosts = ",".join(sorted(chosen.host_names.union(certificates.names_of(directory()))))
    return chosen.model_copy(update={"tls_certificate": files.certificate, "tls_key": files.key, "hosts": hosts})


def run(chosen: Settings) -> None:
    """Serve until stopped; raises `NoTls` and `NobodyCanSignIn` for an address that others can reach."""
    require_safe(chosen)
    ring_of(chosen)  # said here in two lines, rather than by the server in forty
    logging.configure(chosen)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server raises it again when it has stopped
    with beside():
        _serve(chosen)


def _serve(chosen: Settings) -> None:
    uvicorn.run(
        create_app(chosen),
        host=chosen.host,
        port=chosen.port,
        ssl_certfile=chosen.tls_certificate,
        ssl_keyfile=chosen.tls_key,
        ssl_ciphers=CIPHERS,
        log_config=None,
        access_log=False,
        server_header=False,
        # From this machine alone is a proxy's word on address and scheme taken.
        proxy_headers=chosen.behind_proxy,
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_graceful_shutdown=5,
        http=Impatient,
        ws="none",
    )


def require_safe(chosen: Settings) -> None:
    """Refuse an address that others can reach without TLS, or before anybody can sign in."""
    if is_loopback(chosen.host):
        return
    if not (chosen.behind_proxy or chosen.tls_certificate):
        raise NoTls(chosen.host)
    with open_pool(connection_string(chosen), 1) as pool, begin(pool, SIGN_IN) as conn:
        if not accounts.any_grant(conn):
            raise NobodyCanSignIn(chosen.host)
