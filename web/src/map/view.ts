// What the page's address keeps: where the map looks, what lies on it, and of which time, so that it can be passed on.
import type { View } from "../kit/map/grid-map";
import type { OverlayId } from "../kit/map/overlays";

export interface Shown {
  view: View | null;
  overlays: OverlayId[] | null;
  period: string | null;
  category: string | null;
  at: string | null;
}

const KNOWN: readonly OverlayId[] = ["heat", "public_heat", "incidents", "stations", "routes"];

export function readHash(hash: string): Shown {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const overlays = given.get("on")?.split(",").filter((id): id is OverlayId => (KNOWN as string[]).includes(id));
  return {
    view: viewOf(given.get("map")),
    overlays: overlays ?? null,
    period: given.get("period"),
    category: given.get("category"),
    at: given.get("at"),
  };
}

export function writeHash({ view, overlays, period, category, at }: Shown): string {
  const parts: string[] = [];
  if (view) parts.push(`map=${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}`);
  if (overlays) parts.push(`on=${overlays.join(",")}`);
  for (const [name, value] of Object.entries({ period, category, at })) {
    if (value) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  return `#${parts.join("&")}`;
}

function viewOf(text: string | null): View | null {
  const [zoom, lat, lon] = (text ?? "").split("/").map(Number);
  if (zoom === undefined || lat === undefined || lon === undefined) return null;
  const sound = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return sound ? { zoom, lat, lon } : null;
}
