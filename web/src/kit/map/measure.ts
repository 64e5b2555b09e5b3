// Lengths and areas on the ellipsoid of WGS84 (Karney 2013), never in degrees.
import geographiclib from "geographiclib-geodesic";

import type { Point } from "./compose";

const EARTH = geographiclib.Geodesic.WGS84;

// Metres along the points.
export function lengthOf(points: readonly Point[], closed = false): number {
  return drawn(points, !closed).perimeter;
}

// Square metres within the points, whichever way round they go.
export function areaOf(points: readonly Point[]): number {
  return points.length < 3 ? 0 : Math.abs(drawn(points, false).area ?? 0);
}

function drawn(points: readonly Point[], open: boolean) {
  const figure = EARTH.Polygon(open);
  for (const [lon, lat] of points) figure.AddPoint(lat, lon);
  return figure.Compute(false, true);
}

// In the unit that leaves few digits.
export function metres(m: number, show: (n: number, digits: number) => string): string {
  return m < 1_000 ? `${show(m, m < 100 ? 1 : 0)} m` : `${show(m / 1_000, m < 100_000 ? 2 : 0)} km`;
}

export function squareMetres(m2: number, show: (n: number, digits: number) => string): string {
  if (m2 < 10_000) return `${show(m2, 0)} m²`;
  return m2 < 1_000_000 ? `${show(m2 / 10_000, 2)} ha` : `${show(m2 / 1_000_000, 2)} km²`;
}
