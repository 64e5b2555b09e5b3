"""``wangge account provider``: identity providers (OpenID Connect)."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.session import OPERATOR, database
from geo import identities
from geo.db import begin
from geo.keys import ring_of
from geo.settings import settings

app = typer.Typer(no_args_is_help=True, help="Identity providers by OpenID Connect 统一身份认证平台")
console = Console(highlight=False)

Name = Annotated[str, typer.Argument(help="Short name, as it stands in addresses 短名称")]


@app.command("add")
def add(
    name: Name,
    issuer: Annotated[str, typer.Option(help="As its tokens name it: https://... 签发者地址")],
    client_id: Annotated[str, typer.Option(help="What it calls this service 客户端编号")],
    name_zh: Annotated[str, typer.Option(help="On the button, in Chinese 按钮中文名")] = "统一身份认证",
    name_en: Annotated[str, typer.Option(help="On the button, in English 按钮英文名")] = "Single sign-on",
    claim: Annotated[str, typer.Option(help="What a person is known by; never one that is reused 身份字段")] = "sub",
    public: Annotated[bool, typer.Option("--public", help="Without a client's secret 无客户端密钥")] = False,
) -> None:
    """Make a provider known; the client's secret is asked for and kept beside the keys 登记认证平台。"""
    secret = None if public else typer.prompt("client secret 客户端密钥", hide_input=True).strip()
    ring = ring_of(settings())
    with database() as pool, begin(pool, OPERATOR) as conn:
        made = identities.add(
            conn, name, issuer, client_id, claim=claim, names=(name_zh, name_en), has_secret=secret is not None
        )
        if secret is not None:
            ring.write_text(made.secret_file, secret)
    console.print(f"回调地址 · Redirect URI: https://<host>/sign-in/{name}/callback", soft_wrap=True)
    console.print(f"wangge account link ACCOUNT --provider {name} --subject ...", style="dim")


@app.command("remove")
def remove(name: Name) -> None:
    """Forget a provider, its links and its secret; who came in by it is out 删除认证平台及其关联。"""
    ring = ring_of(settings())
    with database() as pool, begin(pool, OPERATOR) as conn:
        provider = identities.find(conn, name)
        identities.remove(conn, provider)
    ring.remove_text(provider.secret_file)


@app.command("list")
def listed() -> None:
    """Providers, and who is linked by them to which account 认证平台与关联列表。"""
    with database() as pool, begin(pool, OPERATOR) as conn:
        known, links = identities.providers(conn), identities.links(conn)
    table = Table("provider 平台", "issuer 签发者", "claim 字段", "links 关联", box=None)
    for one in known:
        linked = [f"{row['subject']} → {row['account']}" for row in links if row["provider"] == one.name]
        table.add_row(one.name, one.issuer, one.claim, "\n".join(linked))
    console.print(table)
