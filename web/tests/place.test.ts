import { describe, expect, it } from "vitest";

import { pair, placeOf, wrongs } from "../src/kit/place";
import { text } from "../src/language";

describe("a place that was typed", () => {
  it("is refused while its reference system is not declared", () => {
    const draft = { lon: "122.07", lat: "46.08", crs: "" };
    expect(placeOf(draft)).toBeNull();
    expect(wrongs(draft)).toEqual({ crs: text().place.badCrs });
  });

  it("is taken as numbers with its system and its accuracy", () => {
    const draft = { lon: " 122.07 ", lat: "46.08", crs: "gcj02", accuracy_m: 12 };
    expect(placeOf(draft)).toEqual({ lon: 122.07, lat: 46.08, crs: "gcj02", accuracy_m: 12 });
  });

  it.each(["", "abc", "NaN", "1e9", "Infinity", "181", "0x10", "12,3"])("is not a longitude when it says %j", (lon) => {
    expect(wrongs({ lon, lat: "46", crs: "bd09" }).lon).toBe(text().place.badLon);
  });

  it("is told apart when longitude and latitude are swapped", () => {
    expect(wrongs({ lon: "46.08", lat: "122.07", crs: "bd09" }).lat).toBe(text().place.swapped);
  });

  it.each(["122.07,46.08", "122.07, 46.08", " 122.07 46.08 ", "122.07，46.08"])("splits %j in two", (pasted) => {
    expect(pair(pasted)).toEqual(["122.07", "46.08"]);
  });

  it.each(["122.07", "a,b", "1,2,3"])("does not split %j", (pasted) => {
    expect(pair(pasted)).toBeNull();
  });
});
