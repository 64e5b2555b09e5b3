// What can be laid over the base map: each with its tiles, its look and who may have it.
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, SourceSpecification } from "maplibre-gl";

import type { Language } from "../../language";
import { colourByZoom, type ZoomBreaks } from "./classes";
import type { Inks } from "./inks";

export type OverlayId = "heat" | "public_heat" | "incidents" | "stations" | "routes" | "overlays";

export interface Overlay {
  id: string;
  source: SourceSpecification;
  // Areas go under borders and names, points and lines above borders; labels that the names make room for above all.
  areas: LayerSpecification[];
  marks: LayerSpecification[];
  labels?: LayerSpecification[];
}

export const FONT = ["Noto Sans SC Variable", "Noto Sans CJK SC", "sans-serif"];
const address = (path: string): string => new URL(path, location.origin).href.replaceAll("%7B", "{").replaceAll("%7D", "}");

export function heat(query: string, breaks: ZoomBreaks, inks: Inks): Overlay {
  return {
    id: "heat",
    source: { type: "vector", tiles: [address(`/tiles/heat/{z}/{x}/{y}${query}`)], minzoom: 0, maxzoom: 16 },
    areas: [
      {
        id: "heat",
        type: "fill",
        source: "heat",
        "source-layer": "heat",
        paint: { "fill-color": colourByZoom(breaks, inks), "fill-opacity": 0.82, "fill-antialias": false },
      },
    ],
    marks: [],
  };
}

export function publicHeat(query: string, breaks: ZoomBreaks, inks: Inks): Overlay {
  return {
    id: "public_heat",
    source: { type: "vector", tiles: [address(`/tiles/public-heat/{z}/{x}/{y}${query}`)], minzoom: 0, maxzoom: 14 },
    areas: [
      {
        id: "public_heat",
        type: "fill",
        source: "public_heat",
        "source-layer": "public_heat",
        paint: { "fill-color": colourByZoom(breaks, inks), "fill-opacity": 0.78 },
      },
    ],
    marks: [],
  };
}

// Of one category with all below it, or of all.
export function incidents(category: string, inks: Inks): Overlay {
  const source = { source: "incidents" } as const;
  const below = ["==", ["slice", ["get", "category"], 0, category.length + 1], `${category}.`];
  const filter = (category ? ["any", ["==", ["get", "category"], category], below] : true) as FilterSpecification;
  return {
    id: "incidents",
    source: { type: "vector", tiles: [address("/tiles/incidents/{z}/{x}/{y}")], minzoom: 10, maxzoom: 16 },
    areas: [],
    marks: [
      {
        id: "incidents",
        type: "circle",
        ...source,
        "source-layer": "incident",
        filter,
        paint: {
          "circle-color": inks.incident,
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 1, 13, 1.8, 15, 4.5, 17, 7],
          "circle-stroke-color": inks.halo,
          "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 13.5, 0, 15, 1.25],
          "circle-opacity": ["match", ["get", "state"], ["closed", "revisited", "archived", "refused"], 0.45, 1],
        },
      },
      {
        id: "incidents-more",
        type: "symbol",
        ...source,
        "source-layer": "incident_more",
        layout: { "text-field": ["concat", "+", ["to-string", ["get", "count"]]], "text-font": FONT, "text-size": 12 },
        paint: { "text-color": inks.incident, "text-halo-color": inks.halo, "text-halo-width": 1.5 },
      },
    ],
  };
}

// Units beside the base, such as dedicated grids: they may lie across its borders.
export function overlays(language: Language, inks: Inks): Overlay {
  const source = "overlays";
  const name: ExpressionSpecification = language === "en" ? ["coalesce", ["get", "name_en"], ["get", "name"]] : ["get", "name"];
  return {
    id: source,
    source: { type: "vector", tiles: [address("/tiles/overlays/{z}/{x}/{y}")], minzoom: 10, maxzoom: 16 },
    areas: [
      { id: "overlays-area", type: "fill", source, "source-layer": "overlay", paint: { "fill-color": inks.overlay, "fill-opacity": 0.16 } },
    ],
    marks: [
      {
        id: "overlays-edge",
        type: "line",
        source,
        "source-layer": "overlay",
        layout: { "line-join": "round" },
        paint: { "line-color": inks.overlay, "line-width": 2, "line-dasharray": [4, 1.5] },
      },
    ],
    labels: [
      {
        id: "overlays-name",
        type: "symbol",
        source,
        "source-layer": "overlay_label",
        layout: { "text-field": name, "text-font": FONT, "text-size": 12, "text-max-width": 8 },
        paint: { "text-color": inks.overlay, "text-halo-color": inks.halo, "text-halo-width": 1.6 },
      },
    ],
  };
}

export function stations(inks: Inks): Overlay {
  return {
    id: "stations",
    source: { type: "vector", tiles: [address("/tiles/stations/{z}/{x}/{y}")], minzoom: 8, maxzoom: 16 },
    areas: [],
    marks: [
      {
        id: "stations",
        type: "circle",
        source: "stations",
        "source-layer": "station",
        paint: {
          "circle-color": inks.halo,
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 1.8, 12, 3.5, 16, 6],
          "circle-stroke-color": inks.station,
          "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 8, 1.2, 14, 2.5],
        },
      },
      {
        id: "stations-name",
        type: "symbol",
        source: "stations",
        "source-layer": "station",
        minzoom: 14,
        layout: {
          "text-field": ["get", "name"],
          "text-font": FONT,
          "text-size": 11,
          "text-offset": [0, 1],
          "text-anchor": "top",
          "text-max-width": 9,
        },
        paint: { "text-color": inks.station, "text-halo-color": inks.halo, "text-halo-width": 1.4 },
      },
    ],
  };
}

export function routes(inks: Inks): Overlay {
  return {
    id: "routes",
    source: { type: "vector", tiles: [address("/tiles/routes/{z}/{x}/{y}")], minzoom: 8, maxzoom: 16 },
    areas: [],
    marks: [
      {
        id: "routes",
        type: "line",
        source: "routes",
        "source-layer": "route",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: {
          "line-color": inks.route,
          "line-width": ["interpolate", ["linear"], ["zoom"], 8, 1.2, 15, 3.5],
          "line-opacity": 0.85,
        },
      },
    ],
  };
}
