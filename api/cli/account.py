"""``wangge account``: accounts of duties, their grants, passwords and tokens."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli import provider
from api.cli.session import OPERATOR, database
from geo import accounts, identities, passwords, sessions
from geo.db import begin, instant
from geo.roles import NAMES, Role

app = typer.Typer(no_args_is_help=True, help="Accounts of duties, grants, tokens 账号、授权与令牌")
app.add_typer(provider.app, name="provider")
console = Console(highlight=False)

Name = Annotated[str, typer.Argument(help="Name of a duty's account, such as command.banner 账号名")]
Unit = Annotated[str | None, typer.Option(help="Code of a unit 网格编码")]
Granted = Annotated[Role, typer.Argument(help="Role 角色")]


@app.command("add")
def add(
    name: Name,
    ask: Annotated[bool, typer.Option("--ask", help="Type the password 手动输入密码")] = False,
    without_password: Annotated[bool, typer.Option("--without-password", help="For tokens only 仅用令牌")] = False,
) -> None:
    """Make an account; its password is shown once 新建账号，密码只显示一次。"""
    given = None if without_password else _password(ask)
    with database() as pool, begin(pool, OPERATOR) as conn:
        account = accounts.add(conn, name)
        if given is not None:
            accounts.set_password(conn, account, given, given=True)
    console.print(f"{name}")
    _show_password(given, ask)
    console.print(f"wangge account grant {name} dispatcher --unit ...", style="dim")


@app.command("password")
def password(
    name: Name, ask: Annotated[bool, typer.Option("--ask", help="Type the password 手动输入密码")] = False
) -> None:
    """Set a new password; all sessions of the account end 重设密码并结束其全部会话。"""
    given = _password(ask)
    with database() as pool, begin(pool, OPERATOR) as conn:
        account = accounts.find(conn, name)
        accounts.set_password(conn, account, given, given=True)
        sessions.end_all(conn, account.id)
    _show_password(given, ask)


@app.command("grant")
def grant(
    name: Name,
    role: Granted,
    unit: Unit = None,
    everything: Annotated[bool, typer.Option("--everything", help="For all units 全部网格")] = False,
    organisation: Annotated[
        str | None, typer.Option(help="Code of the team or department that it acts for 所属队伍或部门编码")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Ends after so many days 有效天数")] = None,
) -> None:
    """Grant a role in a unit's subtree, or with --everything 授予某网格（含下级）的角色。"""
    if everything == (unit is not None):
        raise typer.BadParameter("--unit CODE or --everything · 请指明 --unit 编码 或 --everything")
    with database() as pool, begin(pool, OPERATOR) as conn:
        until = None if days is None else instant(conn) + timedelta(days=days)
        accounts.grant(conn, accounts.find(conn, name), role, unit, organisation=organisation, until=until)
    console.print(f"{name}: {NAMES[role][0]} {role} · {unit or '*'}")


@app.command("revoke")
def revoke(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="Only of this role 仅此角色")] = None,
    unit: Unit = None,
    token: Annotated[str | None, typer.Option(help="Only the token of this prefix 仅此前缀的令牌")] = None,
) -> None:
    """End grants, all if none is named; sessions end within a second 收回授权，一秒内会话失效。"""
    with database() as pool, begin(pool, OPERATOR) as conn:
        account = accounts.find(conn, name)
        if token is not None:
            sessions.revoke_token(conn, account, token)
            return
        ended = accounts.revoke(conn, account, role, unit)
    console.print(f"{name}: {ended}")


@app.command("token")
def token(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="Of this grant; the widest if none 所用授权的角色")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Ends after so many days 有效天数")] = 90,
    permission: Annotated[
        list[str] | None, typer.Option(help="Only this, such as incident.read; may be repeated 仅限权限，可重复")
    ] = None,
) -> None:
    """Issue a token for a program; it is shown once 签发程序令牌，只显示一次。"""
    with database() as pool, begin(pool, OPERATOR) as conn:
        account = accounts.find(conn, name)
        standing = [one for one in accounts.grants(conn, account.id) if role in {None, one.role}]
        secret = sessions.issue(conn, account, accounts.chosen(standing), timedelta(days=days), permission or None)
    typer.echo(secret)


@app.command("link")
def link(
    name: Name,
    provider: Annotated[str, typer.Option(help="Short name of the provider 认证平台短名称")],
    subject: Annotated[str, typer.Option(help="What the provider knows the person by 平台中的身份编号")],
) -> None:
    """Let a person whom a provider vouches for act for an account 将认证平台的身份关联到账号。"""
    with database() as pool, begin(pool, OPERATOR) as conn:
        identities.link(conn, accounts.find(conn, name), identities.find(conn, provider), subject)
    console.print(f"{provider} {subject} → {name}")


@app.command("unlink")
def unlink(
    provider: Annotated[str, typer.Option(help="Short name of the provider 认证平台短名称")],
    subject: Annotated[str, typer.Option(help="What the provider knows the person by 平台中的身份编号")],
) -> None:
    """End a link, and the sessions that were begun by it 解除关联并结束其会话。"""
    with database() as pool, begin(pool, OPERATOR) as conn:
        identities.unlink(conn, identities.find(conn, provider), subject)


@app.command("list")
def listed() -> None:
    """Accounts with their grants and tokens 账号列表。"""
    with database() as pool, begin(pool, OPERATOR) as conn:
        found = accounts.listed(conn)
    table = Table("account 账号", "grants 授权", "tokens 令牌", "password 密码", box=None)
    for row in found:
        known = "✓" if row["has_password"] else "–"
        table.add_row(row["name"], "\n".join(row["grants"]), "\n".join(row["tokens"]), known)
    console.print(table)


def _password(ask: bool) -> str:
    if not ask:
        return passwords.made()
    return typer.prompt("password 密码", hide_input=True, confirmation_prompt=True)


def _show_password(password: str | None, ask: bool) -> None:
    if password is None:
        return
    if not ask:
        typer.echo(password)
    console.print("首次登录须修改密码 · It must be changed at the first sign-in.", style="dim")
