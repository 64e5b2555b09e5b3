// From longitude and latitude to a small drawing: an equirectangular projection that is true along the middle.
import type { Area, Ring } from "./shapes";

export interface Frame {
  width: number;
  height: number;
  x(lon: number): number;
  y(lat: number): number;
  lon(x: number): number;
  lat(y: number): number;
}

export function frameOf(areas: Area[], width: number, margin: number): Frame {
  const points = areas.flatMap(rings).flat();
  const [west, east] = range(points.map(([lon]) => lon));
  const [south, north] = range(points.map(([, lat]) => lat));
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = (width - 2 * margin) / Math.max((east - west) * squeeze, 1e-9);
  return {
    width,
    height: Math.ceil((north - south) * scale + 2 * margin),
    x: (lon) => margin + (lon - west) * squeeze * scale,
    y: (lat) => margin + (north - lat) * scale,
    lon: (x) => west + (x - margin) / squeeze / scale,
    lat: (y) => north - (y - margin) / scale,
  };
}

// Points are rounded to a grid, each by itself, so that neighbours keep their shared edge while points merge.
export function outline(area: Area, frame: Frame, step: number): string {
  return rings(area)
    .map((ring) => thread(ring.map(([lon, lat]) => [snap(frame.x(lon), step), snap(frame.y(lat), step)])))
    .join("");
}

export function rings(area: Area): Ring[] {
  return area.type === "Polygon" ? (area.coordinates as Ring[]) : (area.coordinates as Ring[][]).flat();
}

// Where a name may stand: the middle of the widest stretch of the area along a few horizontal lines.
export function labelPoint(area: Area, frame: Frame): [number, number] {
  const drawn = rings(area).map((ring) => ring.map(([lon, lat]): [number, number] => [frame.x(lon), frame.y(lat)]));
  const [top, bottom] = range(drawn.flat().map(([, y]) => y));
  const lines = [0.3, 0.4, 0.5, 0.6, 0.7].map((part) => top + (bottom - top) * part);
  const stretches = lines.flatMap((y) => stretchesAt(drawn, y));
  const best = stretches.reduce((a, b) => (b.width > a.width ? b : a), { x: 0, y: top, width: -1 });
  return [best.x, best.y];
}

function stretchesAt(drawn: [number, number][][], y: number): { x: number; y: number; width: number }[] {
  const cuts = drawn.flatMap((ring) => crossings(ring, y)).sort((a, b) => a - b);
  return cuts.flatMap((left, i) => {
    const right = cuts[i + 1];
    return i % 2 === 0 && right !== undefined ? [{ x: (left + right) / 2, y, width: right - left }] : [];
  });
}

function crossings(ring: [number, number][], y: number): number[] {
  return ring.flatMap(([x1, y1], i) => {
    const next = ring[i + 1];
    if (next === undefined || y1 > y === next[1] > y) return [];
    return [x1 + ((y - y1) / (next[1] - y1)) * (next[0] - x1)];
  });
}

function thread(points: [number, number][]): string {
  const kept = points.filter(([x, y], i) => i === 0 || x !== points[i - 1]?.[0] || y !== points[i - 1]?.[1]);
  return kept.length < 4 ? "" : `M${kept.map(([x, y]) => `${x} ${y}`).join("L")}Z`;
}

function snap(value: number, step: number): number {
  return Math.round(Math.round(value / step) * step * 100) / 100;
}

// Not Math.min(...values): a long boundary would overflow the stack.
function range(values: number[]): [number, number] {
  return values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
}

export interface Lettering {
  x: number;
  y: number;
  // Half of the width.
  half: number;
}

// Those that lie on none before them, in this order; each is a line high.
export function spread<L extends Lettering>(letterings: readonly L[], line: number): L[] {
  const kept: L[] = [];
  for (const one of letterings) {
    const free = kept.every((other) => Math.abs(other.y - one.y) >= line || Math.abs(other.x - one.x) >= other.half + one.half);
    if (free) kept.push(one);
  }
  return kept;
}
