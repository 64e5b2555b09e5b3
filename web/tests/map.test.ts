import { describe, expect, it } from "vitest";

import { spread } from "../src/kit/drawing";
import { breaksAt, distinct, ranges } from "../src/kit/map/classes";
import { csv, sorted, type Column } from "../src/kit/map/csv";
import { moveOf } from "../src/kit/map/keys";
import { depthAt, levelAt, levelsOf } from "../src/kit/map/levels";
import { atMost } from "../src/kit/map/live";
import { areaOf, lengthOf, metres, squareMetres } from "../src/kit/map/measure";
import { breaksOf } from "../src/map/heat";
import { readHash, writeHash } from "../src/map/view";

type Row = { name: string; n: number | null };
const COLUMNS: Column<Row>[] = [
  { name: "名称", of: ({ name }) => name },
  { name: "n", of: ({ n }) => n },
];
const plain = (n: number, digits: number): string => n.toFixed(digits);

describe("measuring", () => {
  it("takes a degree of the meridian at the equator for 110.574 km, not for 111.3", () => {
    expect(lengthOf([[122, 0], [122, 1]])).toBeCloseTo(110_574.39, 1);
  });

  it("has the same area whichever way round the points go, and none below three", () => {
    const ring: [number, number][] = [[122, 46], [122.01, 46], [122.01, 46.01], [122, 46.01]];
    expect(areaOf(ring)).toBeCloseTo(areaOf([...ring].reverse()), 3);
    expect(areaOf(ring) / 1e6).toBeCloseTo(0.861, 2);
    expect(areaOf(ring.slice(0, 2))).toBe(0);
  });

  it("tells lengths and areas in the unit that leaves few digits", () => {
    expect([metres(12.34, plain), metres(999, plain), metres(1500, plain)]).toEqual(["12.3 m", "999 m", "1.50 km"]);
    expect([squareMetres(50, plain), squareMetres(25_000, plain), squareMetres(2e6, plain)]).toEqual(["50 m²", "2.50 ha", "2.00 km²"]);
  });
});

describe("classes of counts", () => {
  it("are those of the zoom, and closer in those of the closest", () => {
    const breaks = { "6": [10, 20], "9": [2, 4] };
    expect([breaksAt(breaks, 5), breaksAt(breaks, 8.9), breaksAt(breaks, 14)]).toEqual([[10, 20], [10, 20], [2, 4]]);
    expect(breaksAt({}, 9)).toEqual([]);
  });

  it("do not repeat where few cells do not fill them", () => {
    expect(distinct([1, 1, 3, 3, 9])).toEqual([1, 3, 9]);
    expect(ranges([1, 2, 5], String)).toEqual(["1", "2–4", "≥ 5"]);
  });
});

describe("a city without all levels", () => {
  const flat = levelsOf([{ id: "unit_label", minzoom: 3 }, { id: "micro_grid", minzoom: 6 }, { id: "league", minzoom: 0 }]);

  it("lists those that it has, the coarsest first", () => {
    expect(flat).toEqual([{ level: "league", from: 0 }, { level: "micro_grid", from: 6 }]);
  });

  it("is asked for the level that is drawn", () => {
    expect([0, 5.9, 6, 16].map((zoom) => levelAt(flat, zoom))).toEqual(["league", "league", "micro_grid", "micro_grid"]);
    expect([depthAt(flat, 5), depthAt(flat, 6), levelAt([], 9)]).toEqual([1, 2, "micro_grid"]);
  });

  it("has the classes of the areas that are drawn, and of coarser ones that are told no deeper", () => {
    const figure = (depth: number, incidents: number, finest: boolean) => ({ unit_id: 1, code: "x", depth, incidents, finest });
    const breaks = breaksOf([figure(1, 90, false), figure(2, 40, true), figure(2, 50, true)], flat);
    expect([new Set(breaks["5"]), new Set(breaks["6"])]).toEqual([new Set([90]), new Set([40])]);
    expect(new Set(breaksOf([figure(1, 90, true)], flat)["16"])).toEqual(new Set([90]));
  });
});

describe("the table beside a map", () => {
  it("puts what is missing last, whichever way it is sorted", () => {
    const rows = [{ name: "a", n: null }, { name: "b", n: 2 }, { name: "c", n: 10 }];
    const by = COLUMNS[1] as Column<Row>;
    expect(sorted(rows, by, false, "en").map(({ name }) => name)).toEqual(["b", "c", "a"]);
    expect(sorted(rows, by, true, "en").map(({ name }) => name)).toEqual(["c", "b", "a"]);
  });

  it("gives no spreadsheet a formula to run", () => {
    const told = csv(COLUMNS, [{ name: "=1+1", n: -3 }, { name: 'say "so", then', n: null }]);
    expect(told).toBe("\ufeff名称,n\r\n'=1+1,-3\r\n\"say \"\"so\"\", then\",\r\n");
  });
});

describe("the page's address", () => {
  it("leads back to what was looked at", () => {
    const shown = {
      view: { zoom: 12.5, lat: 46.08, lon: 122.07 },
      overlays: ["heat", "stations"] as const,
      period: "month" as const,
      category: "facility.light",
      step: ["2026-01-01T00:00:00+08:00", "2026-02-01T00:00:00+08:00"] as const,
      at: "2026-03-01T23:59:59+08:00",
      compared: true,
    };
    expect(readHash(writeHash({ ...shown, overlays: [...shown.overlays] }))).toEqual(shown);
  });

  it("is read without what no service would take", () => {
    const { view, overlays, period, category, at, step } = readHash("#map=99/91/x&on=heat,dragons&period=aeon&category=A;B&at=today&time=a~b");
    expect([view, overlays, period, category, at, step]).toEqual([null, ["heat"], null, null, null, null]);
  });
});

it("leaves the browser its own keys", () => {
  const pressed = (key: string, more: Partial<KeyboardEvent> = {}) => moveOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...more } as KeyboardEvent);
  expect([pressed("+"), pressed("ArrowLeft"), pressed("Tab"), pressed("+", { ctrlKey: true })]).toEqual(["in", "left", null, null]);
});

it("tells of many changes at once, and once more at the end", async () => {
  let told = 0;
  const tell = atMost(20, () => (told += 1));
  for (let i = 0; i < 50; i += 1) tell();
  expect(told).toBe(1);
  await new Promise((done) => setTimeout(done, 60));
  expect(told).toBe(2);
});

it("writes no name of a drawing on another", () => {
  const kept = spread([{ x: 0, y: 0, half: 20 }, { x: 30, y: 5, half: 20 }, { x: 30, y: 40, half: 20 }, { x: 50, y: 0, half: 20 }], 30);
  expect(kept.map(({ x, y }) => [x, y])).toEqual([[0, 0], [30, 40], [50, 0]]);
});
