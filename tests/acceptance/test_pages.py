"""The pages of the running service in a real browser: they work under their policies and ask nobody else."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from psycopg_pool import ConnectionPool

from geo import accounts, db, reports
from geo.assign import Assigner
from geo.roles import Role
from tests.city import GRIDS, furnish
from tests.served import Served, served

MARKUP = "<img src=x onerror=\"document.title='broken'\">"
KINDS = ("coverage", "heat", "heat_time", "rates", "routes", "incidents")
PASSWORD = "correct horse battery"
PAGES = ["/", "/docs", *(f"/v1/maps/{kind}" for kind in KINDS)]


@pytest.fixture(scope="module")
def service(
    pool: ConnectionPool[db.Connection], database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with db.begin(pool, db.EVERYTHING) as conn:
        furnish(conn)
        assigner = Assigner.load(conn)
        for west, south in GRIDS.values():
            place = {"lon": west + 0.003, "lat": south + 0.004, "crs": "EPSG:4326"}
            reports.report(conn, reports.Report("hazard.flue", "snap", MARKUP, **place), assigner)
        desk = accounts.add(conn, "desk")
        accounts.set_password(conn, desk, PASSWORD)
        accounts.grant(conn, desk, Role.DISPATCHER, "L")
    with served(database, tmp_path_factory.mktemp("pages") / "log") as running:
        yield running


@pytest.fixture
def page(service: Served, browser: Browser) -> Iterator[Page]:
    """A page of a desk that has signed in."""
    context = browser.new_context(locale="zh-CN")
    who = {"account": "desk", "password": PASSWORD}
    assert context.request.post(f"{service.url}/v1/session", data=who, headers={"Origin": service.url}).ok
    yield context.new_page()
    context.close()


def troubles(page: Page) -> list[str]:
    """What the page complains of from now on, as it happens."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", lambda failed: found.append(failed.url))
    page.on("response", lambda answer: found.append(answer.url) if answer.status >= 400 else None)
    return found


@pytest.mark.parametrize("path", PAGES)
def test_a_page_works_and_asks_nobody_else(service: Served, page: Page, path: str):
    found, asked = troubles(page), set[str]()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc or "inside"))
    page.goto(service.url + path, wait_until="networkidle")
    assert found == []
    assert asked <= {f"127.0.0.1:{service.port}", "inside"}
    assert page.title() not in {"", "broken"}
    if path.startswith("/v1/maps/"):
        assert page.locator(".leaflet-container").count() == 1


def test_a_map_cannot_reach_the_service_that_it_came_from(service: Served, page: Page):
    page.goto(f"{service.url}/v1/maps/heat", wait_until="networkidle")
    read = "fetch('/v1/incidents').then(answer => answer.text()).catch(error => 'refused')"
    assert page.evaluate("self.origin") == "null"
    assert page.evaluate(read) == "refused"
