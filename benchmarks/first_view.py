"""
First view of the league map in Chromium without a graphics card: from the navigation to a map that stands still.

    python benchmarks/first_view.py http://127.0.0.1:8000 [ACCOUNT PASSWORD]

The service must run with the demonstration league and have answered once; the browser draws in software (SwiftShader)
and begins each run with an empty cache. The map stands still when units and heat of the view are drawn and no tile is
under way (MapLibre's `idle`).
"""

import statistics
import sys
import time

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
RUNS = 5
STILL = """() => {
    const map = document.querySelector("map-page")?.shadowRoot?.querySelector("grid-map");
    const drawing = map?.drawing;
    const heat = drawing?.getLayer("heat") ?? drawing?.getLayer("public_heat");
    return Boolean(heat && drawing.loaded() && !drawing.isMoving() && drawing.areTilesLoaded());
}"""


def first_view_s(browser: Browser, url: str, who: dict[str, str] | None) -> float:
    """Seconds from the navigation to the map that stands still, with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    if who:
        answer = context.request.post(f"{url}/v1/session", data=who, headers={"Origin": url})
        assert answer.ok, answer.text()
    page = context.new_page()
    begun_s = time.perf_counter()
    page.goto(f"{url}/map", wait_until="commit")
    page.wait_for_function(STILL, polling=20)
    spent_s = time.perf_counter() - begun_s
    context.close()
    return spent_s


def main(url: str, who: dict[str, str] | None) -> None:
    """Print each run and the median."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        first_view_s(browser, url, who)  # warm: the service and the browser's own start
        runs_s = [first_view_s(browser, url, who) for _ in range(RUNS)]
        browser.close()
    print("  ".join(f"{run_s:.2f}" for run_s in runs_s), f"median {statistics.median(runs_s):.2f} s")


if __name__ == "__main__":
    url, *given = sys.argv[1:]
    main(url, dict(zip(("account", "password"), given, strict=True)) if given else None)
