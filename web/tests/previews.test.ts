import { describe, expect, it } from "vitest";

import type { Part } from "../src/kit/shapes";
import { regionsOf } from "../src/front/league";
import { classOf, ordinal, rampOf, ratesOf } from "../src/front/previews";

const part = (unit_id: number, incidents: number | null, households: number): Part => ({
  unit_id,
  code: String(unit_id),
  name: "旗",
  name_en: null,
  incidents,
  stations: 0,
  households,
  outline: { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] },
});

describe("the figures behind the previews", () => {
  it("fall into five classes of equal number", () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    const ramp = rampOf(values);
    const sizes = [1, 2, 3, 4, 5].map((step) => values.filter((value) => classOf(value, ramp) === step).length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2);
  });

  it("are rates for a thousand households, and none where counts are withheld or nobody lives", () => {
    const regions = regionsOf([part(1, 50, 2000), part(2, null, 2000), part(3, 7, 0)]);
    expect([...ratesOf(regions).values()]).toEqual([25]);
  });

  it("count months through the turn of a year", () => {
    expect(ordinal("2026-01") - ordinal("2025-11")).toBe(2);
  });

  it("leave out parts without an outline", () => {
    expect(regionsOf([{ ...part(1, 5, 5), outline: null }])).toEqual([]);
  });
});
