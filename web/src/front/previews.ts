// Small drawings for the cards, each made of the loaded figures; null where there is nothing to draw.
import { svg, type SVGTemplateResult } from "lit";

import { frameOf, labelPoint, outline, type Frame } from "../kit/drawing";
import type { Area, Cell, Summary } from "../kit/shapes";
import type { League, Region } from "./league";

export const KINDS = ["coverage", "heat", "heat_time", "rates", "routes", "incidents"] as const;
export type Kind = (typeof KINDS)[number];

export interface Drawing {
  width: number;
  height: number;
  shapes: SVGTemplateResult;
}

type Shapes = SVGTemplateResult | null;
const CHART = { width: 280, height: 170 };

const drawings: Record<Kind, (league: League, frame: Frame) => Shapes> = {
  coverage: ({ summary, regions }, frame) => points(summary.station_cells, regions, frame, "var(--ramp-4)"),
  heat: ({ summary, regions }, frame) => heat(summary.incident_cells, regions, frame),
  heat_time: ({ summary }) => bars(summary.months),
  rates: ({ regions }, frame) => rates(regions, frame),
  routes: ({ summary, regions }, frame) => points(summary.route_cells, regions, frame, "var(--mark)"),
  incidents: ({ regions }, frame) => circles(regions, frame),
};

// The frame of the parts, or of the cells where the parts are too many to be drawn.
export function framed({ regions, summary }: League, width: number, margin: number): Frame {
  const cells = [...summary.incident_cells, ...summary.station_cells, ...summary.route_cells];
  return frameOf(regions.length ? regions.map(({ area }) => area) : cells.map(square), width, margin);
}

const square = ({ lon, lat }: Cell): Area => ({
  type: "Polygon",
  coordinates: [[[lon, lat], [lon + 0.1, lat], [lon + 0.1, lat + 0.1], [lon, lat + 0.1], [lon, lat]]],
});

export function preview(kind: Kind, league: League, frame: Frame): Drawing | null {
  const shapes = drawings[kind](league, frame);
  const { width, height } = kind === "heat_time" ? CHART : frame;
  return shapes && { width, height, shapes };
}

// Upper limits of the first four of five classes with equally many members.
export function rampOf(values: number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return [0.2, 0.4, 0.6, 0.8].map((part) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0);
}

export function classOf(value: number, ramp: number[]): number {
  return 1 + ramp.filter((limit) => value > limit).length;
}

export function ratesOf(regions: Region[]): Map<Region, number> {
  return new Map(
    regions.flatMap((region) => {
      const { incidents, households } = region.part;
      return incidents === null || households === 0 ? [] : [[region, (1000 * incidents) / households]];
    }),
  );
}

function land(regions: Region[], frame: Frame, fill: (region: Region) => string = () => "var(--land)") {
  return regions.map(
    (region) => svg`<path d=${outline(region.area, frame, 1)} fill=${fill(region)} stroke="var(--land-line)"
      stroke-width="0.75" stroke-linejoin="round" />`,
  );
}

function points(cells: Cell[], regions: Region[], frame: Frame, colour: string) {
  if (cells.length === 0) return null;
  const most = Math.max(...cells.map(({ total }) => total));
  return svg`${land(regions, frame)} ${cells.map(
    ({ lon, lat, total }) => svg`<circle cx=${frame.x(lon + 0.05)} cy=${frame.y(lat + 0.05)}
      r=${1.1 + 2.6 * Math.sqrt(total / most)} fill=${colour} fill-opacity="0.75" />`,
  )}`;
}

function heat(cells: Cell[], regions: Region[], frame: Frame) {
  if (cells.length === 0) return null;
  const ramp = rampOf(cells.map(({ total }) => total));
  return svg`${land(regions, frame)} ${cells.map(({ lon, lat, total }) => {
    const [x, y] = [frame.x(lon), frame.y(lat + 0.1)];
    return svg`<rect x=${x} y=${y} width=${frame.x(lon + 0.1) - x} height=${frame.y(lat) - y}
      fill="var(--ramp-${classOf(total, ramp)})" />`;
  })}`;
}

function bars(months: Summary["months"]) {
  if (months.length === 0) return null;
  const most = Math.max(...months.map(({ total }) => total));
  const when = months.map(({ month }) => ordinal(month));
  const [first, last] = [when[0] ?? 0, when.at(-1) ?? 0];
  const [base, room, step] = [CHART.height * 0.86, CHART.height * 0.66, (CHART.width - 24) / (last - first + 1)];
  return svg`${months.map(({ total }, i) => {
    const height = (room * total) / most;
    return svg`<rect x=${12 + ((when[i] ?? 0) - first) * step} y=${base - height} width=${Math.max(step - 1.5, 0.75)} height=${height}
      fill="var(--ramp-4)" />`;
  })}<path fill="none" d="M8 ${base + 0.5}H${CHART.width - 8}" stroke="var(--land-line)" />`;
}

// Months counted through, so that one that is left out leaves its gap.
export function ordinal(month: string): number {
  const [year, of] = month.split("-").map(Number);
  return (year ?? 0) * 12 + (of ?? 0);
}

function rates(regions: Region[], frame: Frame) {
  const found = ratesOf(regions);
  if (found.size === 0) return null;
  const ramp = rampOf([...found.values()]);
  return svg`${land(regions, frame, (region) => {
    const rate = found.get(region);
    return rate === undefined ? "var(--land)" : `var(--ramp-${classOf(rate, ramp)})`;
  })}`;
}

function circles(regions: Region[], frame: Frame) {
  const told = regions.filter(({ part }) => part.incidents);
  if (told.length === 0) return null;
  const most = Math.max(...told.map(({ part }) => part.incidents ?? 0));
  return svg`${land(regions, frame)} ${told.map(({ part, area }) => {
    const [x, y] = labelPoint(area, frame);
    return svg`<circle cx=${x} cy=${y} r=${16 * Math.sqrt((part.incidents ?? 0) / most)} fill="var(--ramp-4)"
      fill-opacity="0.72" stroke="var(--sheet)" />`;
  })}`;
}
