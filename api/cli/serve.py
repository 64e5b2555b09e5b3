"""``wangge serve``: the service over HTTP."""

from typing import Annotated

import typer
import uvicorn

from api import logging
from api.app import create_app
from api.scope import is_loopback
from geo.errors import WanggeError
from geo.settings import Settings, settings


class NoSignInYet(WanggeError):
    """There is no sign-in yet, so the service listens on this machine only: use --host 127.0.0.1."""

    zh = "登录功能尚未就绪，服务只能在本机监听：请使用 --host 127.0.0.1。"


def serve(
    host: Annotated[str | None, typer.Option(help="A loopback address 本机地址")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port 端口")] = None,
) -> None:
    """Serve pages, maps and API 启动网页、地图与接口。"""
    chosen = settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    run(chosen.model_copy(update=given))


def run(chosen: Settings) -> None:
    """Serve until stopped; raises `NoSignInYet` for an address that others can reach."""
    if not is_loopback(chosen.host):
        raise NoSignInYet(chosen.host)
    logging.configure(chosen)
    uvicorn.run(
        create_app(chosen),
        host=chosen.host,
        port=chosen.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=32_768,
    )
