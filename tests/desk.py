"""A dispatcher before a map: a browser that draws without a graphics card, an account, and its signing in."""

from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from geo import accounts, db
from geo.roles import Role

CHROMIUM = "/usr/bin/chromium"
SOFTWARE = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking")
PASSWORD = "brown kettle over snow"


@contextmanager
def drawing_browser() -> Generator[Browser]:
    """Draws WebGL in software, as on a machine without a graphics card."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE))
        yield opened
        opened.close()


def open_account(dsn: str, name: str) -> str:
    """Make an account at the league's desk; returns its name."""
    with db.open_pool(dsn, 1) as pool, db.begin(pool, db.EVERYTHING) as conn:
        made = accounts.add(conn, name)
        accounts.set_password(conn, made, PASSWORD)
        accounts.grant(conn, made, Role.DISPATCHER, "L")
    return made.name


def sign_in(page: Page, service: str, account: str) -> None:
    who = {"account": account, "password": PASSWORD}
    assert page.context.request.post(f"{service}/v1/session", data=who, headers={"Origin": service}).ok
