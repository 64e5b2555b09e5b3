// What the map shows of a doubt: the disc of uncertainty, the areas that it may belong to, and how the point may be shifted.
import type { Feature, FeatureCollection, Geometry } from "geojson";
import type { ExpressionSpecification } from "maplibre-gl";
import geographiclib from "geographiclib-geodesic";

import { frameOf, labelPoint, rings } from "../kit/drawing";
import type { Point } from "../kit/map/compose";
import type { Inks } from "../kit/map/inks";
import { FONT, type Overlay } from "../kit/map/overlays";
import type { Area } from "../kit/shapes";
import type { Choice, Doubted, Known } from "./queue";

const EARTH = geographiclib.Geodesic.WGS84;
const CORNERS = 72;
const WIDTH = 1_000;

// A circle on the ground, as a ring of points at its true distance.
export function discOf(lon: number, lat: number, radius_m: number): Point[] {
  const ring = Array.from({ length: CORNERS }, (_, i): Point => {
    const { lon2 = lon, lat2 = lat } = EARTH.Direct(lat, lon, (360 * i) / CORNERS, radius_m);
    return [lon2, lat2];
  });
  return [...ring, ring[0] ?? [lon, lat]];
}

// All points that should be in view.
export function extentOf(doubt: Doubted, known: Known | null): Point[] {
  const areas = known?.choices.flatMap(({ area }) => (area ? rings(area).flat() : [])) ?? [];
  const disc = doubt.accuracy_m ? discOf(doubt.lon, doubt.lat, doubt.accuracy_m) : [];
  return [[doubt.lon, doubt.lat], ...disc, ...areas, ...(known?.unshifted ? [known.unshifted] : [])];
}

export function overlaysOf(doubt: Doubted, known: Known | null, chosen: Choice | null, inks: Inks): Overlay[] {
  const listed = known?.choices ?? [];
  const shown = chosen && !listed.some(({ code }) => code === chosen.code) ? [...listed, chosen] : listed;
  return [candidates(shown, chosen, inks), uncertainty(doubt, known, inks)];
}

function candidates(choices: readonly Choice[], chosen: Choice | null, inks: Inks): Overlay {
  const drawn = choices.flatMap((choice, i) => (choice.area ? placed(choice.area, { number: String(i + 1), name: choice.name, chosen: choice.code === chosen?.code }) : []));
  const source = "candidates";
  const isChosen: ExpressionSpecification = ["boolean", ["get", "chosen"]];
  return {
    id: source,
    source: { type: "geojson", data: collected(drawn) },
    areas: [
      {
        id: "candidates-area",
        type: "fill",
        source,
        filter: ["!=", ["geometry-type"], "Point"],
        paint: { "fill-color": inks.chosen, "fill-opacity": ["case", isChosen, 0.32, 0.1] },
      },
    ],
    marks: [
      {
        id: "candidates-edge",
        type: "line",
        source,
        filter: ["!=", ["geometry-type"], "Point"],
        layout: { "line-join": "round" },
        paint: { "line-color": inks.chosen, "line-width": ["case", isChosen, 4, 1.75] },
      },
    ],
    labels: [
      {
        id: "candidates-name",
        type: "symbol",
        source,
        filter: ["==", ["geometry-type"], "Point"],
        layout: {
          "text-field": ["format", ["get", "number"], { "font-scale": 1.5 }, "\n", {}, ["get", "name"], {}],
          "text-font": FONT,
          "text-size": 14,
          "text-max-width": 9,
          "text-allow-overlap": true,
        },
        paint: { "text-color": inks.chosen, "text-halo-color": inks.halo, "text-halo-width": 2 },
      },
    ],
  };
}

function placed(area: Area, told: { number: string; name: string; chosen: boolean }): Feature[] {
  const frame = frameOf([area], WIDTH, 0);
  const [x, y] = labelPoint(area, frame);
  return [feature(area as Geometry, told), feature({ type: "Point", coordinates: [frame.lon(x), frame.lat(y)] }, told)];
}

function uncertainty({ lon, lat, accuracy_m }: Doubted, known: Known | null, inks: Inks): Overlay {
  const source = "uncertainty";
  const disc = accuracy_m ? [feature({ type: "Polygon", coordinates: [discOf(lon, lat, accuracy_m).map(([x, y]) => [x, y])] })] : [];
  const to = known?.unshifted;
  const shift = to ? [feature({ type: "LineString", coordinates: [[lon, lat], [...to]] }), feature({ type: "Point", coordinates: [...to] })] : [];
  return {
    id: source,
    source: { type: "geojson", data: collected([...disc, ...shift]) },
    areas: [],
    marks: [
      {
        id: "uncertainty-area",
        type: "fill",
        source,
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": inks.pin, "fill-opacity": 0.14 },
      },
      {
        id: "uncertainty-edge",
        type: "line",
        source,
        filter: ["!=", ["geometry-type"], "Point"],
        paint: { "line-color": inks.pin, "line-width": 2, "line-dasharray": [3, 2] },
      },
      {
        id: "uncertainty-shifted",
        type: "circle",
        source,
        filter: ["==", ["geometry-type"], "Point"],
        paint: { "circle-color": inks.halo, "circle-radius": 6, "circle-stroke-color": inks.pin, "circle-stroke-width": 3 },
      },
    ],
  };
}

const feature = (geometry: Geometry, properties: Record<string, unknown> = {}): Feature => ({ type: "Feature", properties, geometry });
const collected = (features: Feature[]): FeatureCollection => ({ type: "FeatureCollection", features });
