"""`wangge tls`: a local authority and a server certificate, and how phones come to trust them."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api import tls as certificates
from geo.keys import key_directory
from geo.settings import settings

console = Console(highlight=False)

INSTALL = """\
[bold]在手机上安装根证书 · Install the authority on each phone[/bold]
文件 · File  {file}
指纹 · SHA-256  {fingerprint}
先把该文件（不是密钥）传到手机，安装前核对指纹。· Bring this file, never a key, to the phone; compare the fingerprint.

[bold]iPhone / iPad[/bold]
  1. 打开文件，选择“允许”；设置 → 通用 → VPN 与设备管理 → 安装描述文件
  2. 设置 → 通用 → 关于本机 → 证书信任设置 → 打开 Wangge 的开关
  1. Open the file and allow it; Settings → General → VPN & Device Management → install the profile.
  2. Settings → General → About → Certificate Trust Settings → switch Wangge on.
[bold]Android[/bold]
  设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书 → 选择该文件
  Settings → Security → Encryption & credentials → Install a certificate → CA certificate → choose the file.
[bold]HarmonyOS[/bold]
  设置 → 隐私和安全 → 高级 → 证书与凭据 → 从存储设备安装 → CA 证书 → 选择该文件
  Settings → Privacy & security → Advanced → Certificates & credentials → Install from storage → CA certificate.
"""


def directory() -> Path:
    """Where certificates are: beside the keys, outside of state and backups."""
    return key_directory(settings()).parent / "tls"


def tls(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="主机名或地址 · Host names and addresses; those of before, else this machine's."),
    ] = None,
    renew: Annotated[bool, typer.Option(help="立即换新证书 · Make a new certificate now.")] = False,
    new_authority: Annotated[bool, typer.Option(help="重新生成根证书 · Make another authority.")] = False,
) -> None:
    """生成或更新 HTTPS 证书，并说明手机如何安装 · Make or renew the HTTPS certificate; say how phones install it."""
    place = directory()
    wanted = names or certificates.names_of(place) or _own_names()
    made = certificates.make(place, wanted, datetime.now(UTC), renew=renew, anew=new_authority)
    state = "已生成 · made" if made.new_certificate else "仍有效 · still valid"
    console.print(f"证书 · Certificate  {made.files.certificate}  ({state})")
    console.print(f"名称 · Names  {', '.join(wanted)}")
    console.print(f"有效至 · Valid until  {made.expires_at:%Y-%m-%d}\n")
    console.print(INSTALL.format(file=made.files.authority, fingerprint=made.fingerprint), soft_wrap=True)


def _own_names() -> list[str]:
    """The name of the machine, and the address that others in its network reach it by."""
    return list(dict.fromkeys([socket.gethostname().lower(), *_own_address(), "localhost", "127.0.0.1"]))


def _own_address() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it asks for the way there
        except OSError:
            return []
        return [probe.getsockname()[0]]
