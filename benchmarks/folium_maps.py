"""
How long a map of 20,000 micro-grids takes to open in Chromium: tiles inside the page against shapes one by one.

    python benchmarks/folium_maps.py [ROUNDS]

Both pages are files opened without a network, in turn. A page is open when six frames in a row
came in time; then the map is taken from zoom 8 to 16 in steps of two, each until the second frame after it.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
from coverages import clustered
from playwright.sync_api import Browser, sync_playwright

from tiles import maps, offline, pyramid

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CALM = """() => new Promise((done) => {
  let last = performance.now(), busy = last, calm = 0;
  const tick = () => {
    const now = performance.now();
    if (now - last < 34) calm++; else { calm = 0; busy = now; }
    last = now;
    calm >= 6 ? done(busy) : requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""
STEPS = """async () => {
  const map = window[document.querySelector(".folium-map").id];
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = [];
  for (const zoom of [8, 10, 12, 14, 16]) {
    await drawn();
    const begun = performance.now();
    map.setView(map.getCenter(), zoom, { animate: false });
    await drawn();
    found.push(performance.now() - begun);
  }
  return found;
}"""


def page() -> str:
    """Rates of 20,000 micro-grids with made-up figures."""
    areas, rng = clustered(), np.random.default_rng(1)
    columns = {name: [f"M{n:05}" for n in range(len(areas))] for name in ("code", "name")}
    columns |= {"households": rng.integers(60, 150, len(areas)), "incidents": rng.poisson(20, len(areas))}
    sheet = maps.new_map(np.array([121.55, 45.78, 122.55, 46.38]).tolist(), "en", "Rates")
    maps.add_rates(sheet, gpd.GeoDataFrame(columns, geometry=areas, crs="EPSG:4326").assign(synthetic=True))
    return offline.single_file(sheet)


def opened(browser: Browser, file: Path) -> tuple[float, float]:
    """Milliseconds until the page is open, and of the middle step of zoom."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    tab = context.new_page()
    tab.goto(file.as_uri())
    found = tab.evaluate(CALM), statistics.median(tab.evaluate(STEPS))
    context.close()
    return found


def main() -> None:
    """Write both pages, open them in turn, and print medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    folder = Path(tempfile.mkdtemp())
    many = pyramid.MANY_AREAS, pyramid.MANY_POINTS
    for name, limits in (("tiles", many), ("shapes", (10**9, 10**9))):
        pyramid.MANY_AREAS, pyramid.MANY_POINTS = limits
        (folder / f"{name}.html").write_text(page(), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        runs = [{name: opened(browser, folder / f"{name}.html") for name in ("tiles", "shapes")} for _ in range(rounds)]
        browser.close()
    for name in ("tiles", "shapes"):
        whole, step = (statistics.median(run[name][i] for run in runs) for i in (0, 1))
        size = (folder / f"{name}.html").stat().st_size / 1e6
        print(f"{name:7} {size:.2f} MB, open {whole:.0f} ms, a zoom {step:.0f} ms; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
