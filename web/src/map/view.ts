// What the page's address keeps: where the map looks, what lies on it, and of which time, so that it can be passed on.
import type { View } from "../kit/map/grid-map";
import type { OverlayId } from "../kit/map/overlays";
import { PERIODS, type Period } from "./heat";

export interface Shown {
  view: View | null;
  overlays: OverlayId[] | null;
  period: Period | null;
  category: string | null;
  // The step of time that is being played, as instants.
  step: readonly [string, string] | null;
  // The instant that the units are shown of; now if null.
  at: string | null;
  compared: boolean;
}

const KNOWN: readonly OverlayId[] = ["heat", "public_heat", "incidents", "stations", "routes", "overlays"];
const CATEGORY = /^[a-z][a-z0-9_.]{0,63}$/;

export function readHash(hash: string): Shown {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const overlays = given.get("on")?.split(",").filter((id): id is OverlayId => (KNOWN as string[]).includes(id));
  const period = given.get("period");
  const category = given.get("category");
  const [from, until] = (given.get("time") ?? "").split("~").map(instant);
  return {
    view: viewOf(given.get("map")),
    overlays: overlays ?? null,
    period: (PERIODS as readonly (string | null)[]).includes(period) ? (period as Period) : null,
    category: category && CATEGORY.test(category) ? category : null,
    step: from && until ? [from, until] : null,
    at: instant(given.get("at")),
    compared: given.has("beside"),
  };
}

export function writeHash({ view, overlays, period, category, step, at, compared }: Shown): string {
  const parts: string[] = [];
  if (view) parts.push(`map=${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}`);
  if (overlays) parts.push(`on=${overlays.join(",")}`);
  const time = step?.join("~") ?? null;
  for (const [name, value] of Object.entries({ period, category, time, at, beside: at && compared ? "1" : null })) {
    if (value) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  return `#${parts.join("&")}`;
}

function viewOf(text: string | null): View | null {
  const [zoom, lat, lon] = (text || "x").split("/").map(Number);
  if (zoom === undefined || lat === undefined || lon === undefined) return null;
  const sound = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return sound ? { zoom, lat, lon } : null;
}

// An instant with its offset; anything else would be refused by the service.
function instant(text: string | null | undefined): string | null {
  const sound = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text ?? "");
  return text && sound && !Number.isNaN(Date.parse(text)) ? text : null;
}
