import { describe, expect, it } from "vitest";

import { frameOf, labelPoint, outline } from "../src/kit/drawing";
import type { Area } from "../src/kit/shapes";

const west: Area = { type: "Polygon", coordinates: [[[121, 45], [122, 45], [122.013, 46.007], [121, 46], [121, 45]]] };
const east: Area = {
  type: "MultiPolygon",
  coordinates: [[[[122, 45], [123, 45], [123, 46], [122.013, 46.007], [122, 45]]]],
};
const horseshoe: Area = {
  type: "Polygon",
  coordinates: [[[0, 0], [10, 0], [10, 1], [1, 1], [1, 9], [10, 9], [10, 10], [0, 10], [0, 0]]],
};

const points = (path: string): string[] => path.replace(/[MZ]/g, "L").split("L").filter(Boolean);

describe("a small drawing", () => {
  it("keeps the shared edge of two neighbours", () => {
    const frame = frameOf([west, east], 400, 10);
    const shared = points(outline(west, frame, 1)).filter((point) => points(outline(east, frame, 1)).includes(point));
    expect(new Set(shared).size).toBe(2);
  });

  it("leads back from a drawn point to its longitude and latitude", () => {
    const frame = frameOf([west, east], 640, 10);
    expect(frame.lon(frame.x(121.7))).toBeCloseTo(121.7, 10);
    expect(frame.lat(frame.y(45.3))).toBeCloseTo(45.3, 10);
    expect(frame.y(46)).toBeLessThan(frame.y(45));
  });

  it("is as wide as asked and true to shape in the middle", () => {
    const frame = frameOf([west, east], 400, 0);
    const kmPerLon = Math.cos((45.5035 * Math.PI) / 180);
    expect(frame.x(123) - frame.x(121)).toBeCloseTo(400, 6);
    expect((frame.x(122) - frame.x(121)) / (frame.y(45) - frame.y(46))).toBeCloseTo(kmPerLon, 3);
  });

  it("puts a name inside of a hollow area, not at its centre", () => {
    const frame = frameOf([horseshoe], 100, 0);
    const [x] = labelPoint(horseshoe, frame);
    expect(frame.lon(x)).toBeGreaterThan(0);
    expect(frame.lon(x)).toBeLessThan(1);
  });

  it("leaves out what is smaller than a step", () => {
    const speck: Area = { type: "Polygon", coordinates: [[[121, 45], [121.0001, 45], [121.0001, 45.0001], [121, 45]]] };
    expect(outline(speck, frameOf([west, east], 200, 0), 1)).toBe("");
  });
});
