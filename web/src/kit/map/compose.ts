// One style of the base map and all that lies on it: areas below the borders, marks below the names.
import type { GeoJSONSourceSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { Feature, Geometry } from "geojson";

import type { Area } from "../shapes";
import type { Inks } from "./inks";
import type { Overlay } from "./overlays";

export type Point = readonly [number, number];

export interface Laid {
  overlays: readonly Overlay[];
  // The instant that the units are shown of; now if null.
  at: string | null;
  chosen: Area | null;
  pin: Point | null;
  // What is being measured, in the order of its points.
  trace: readonly Point[];
  closed: boolean;
}

type Data = GeoJSONSourceSpecification["data"];
const NONE: Data = { type: "FeatureCollection", features: [] };

export function compose(ground: StyleSpecification, laid: Laid, inks: Inks): StyleSpecification {
  const sources = { ...ground.sources, ...marksData(laid) };
  if (laid.at && sources["units"]) sources["units"] = dated(sources["units"], laid.at);
  for (const { id, source } of laid.overlays) sources[id] = source;
  const borders = place(ground, ({ id }) => id.endsWith("-border"));
  const names = place(ground, ({ type }) => type === "symbol");
  return {
    ...ground,
    sources,
    layers: [
      ...ground.layers.slice(0, borders),
      ...laid.overlays.flatMap(({ areas }) => areas),
      ...ground.layers.slice(borders, names),
      line("chosen", inks.chosen, 4),
      ...laid.overlays.flatMap(({ marks }) => marks),
      ...ground.layers.slice(names),
      ...laid.overlays.flatMap(({ labels = [] }) => labels),
      ...traceLayers(inks),
      dot("pin", inks.pin, inks.halo, 8, 3),
    ],
  };
}

// What changes often and is drawn by us: handed over without making the style anew.
export function marksData({ chosen, pin, trace, closed }: Laid): Record<string, GeoJSONSourceSpecification> {
  return {
    chosen: { type: "geojson", data: chosen ? feature(chosen as Geometry) : NONE },
    pin: { type: "geojson", data: pin ? feature({ type: "Point", coordinates: [...pin] }) : NONE },
    trace: { type: "geojson", data: traced(trace, closed) },
  };
}

function traced(points: readonly Point[], closed: boolean): Data {
  if (!points.length) return NONE;
  const dots = points.map((point) => ({ type: "Point" as const, coordinates: [...point] }));
  const [first] = points;
  const ring = closed && points.length > 2 && first ? [...points, first] : points;
  const path = { type: "LineString" as const, coordinates: ring.map((point) => [...point]) };
  const area = { type: "Polygon" as const, coordinates: [ring.map((point) => [...point])] };
  const geometries = [...dots, ...(ring.length > 1 ? [path] : []), ...(ring.length > 3 && closed ? [area] : [])];
  return { type: "FeatureCollection", features: geometries.map(feature) };
}

function traceLayers(inks: Inks): LayerSpecification[] {
  return [
    {
      id: "trace-area",
      type: "fill",
      source: "trace",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": inks.pin, "fill-opacity": 0.12 },
    },
    line("trace", inks.pin, 2.5),
    dot("trace-points", inks.halo, inks.pin, 4, 2, "trace"),
  ];
}

const line = (id: string, colour: string, width: number): LayerSpecification => ({
  id,
  type: "line",
  source: id,
  layout: { "line-join": "round" },
  paint: { "line-color": colour, "line-width": width },
});

const dot = (id: string, fill: string, edge: string, radius: number, width: number, source = id): LayerSpecification => ({
  id,
  type: "circle",
  source,
  filter: ["==", ["geometry-type"], "Point"],
  paint: { "circle-color": fill, "circle-radius": radius, "circle-stroke-color": edge, "circle-stroke-width": width },
});

const feature = (geometry: Geometry): Feature => ({ type: "Feature", properties: {}, geometry });

function place({ layers }: StyleSpecification, fits: (layer: LayerSpecification) => boolean): number {
  const found = layers.findIndex(fits);
  return found < 0 ? layers.length : found;
}

function dated(source: SourceSpecification, at: string): SourceSpecification {
  if (source.type !== "vector") return source;
  return { ...source, tiles: (source.tiles ?? []).map((tile) => `${tile}?at=${encodeURIComponent(at)}`) };
}
