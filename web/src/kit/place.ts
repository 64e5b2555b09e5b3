// What a person typed for a place, checked before it is sent. The service checks again, exactly.
import { text } from "../language";
import type { Place } from "./shapes";

export interface Draft {
  lon: string;
  lat: string;
  crs: string;
  accuracy_m?: number;
}

export type Wrong = Partial<Record<"lon" | "lat" | "crs", string>>;

export const blank: Draft = { lon: "", lat: "", crs: "" };

export function wrongs(draft: Draft): Wrong {
  const [lon, lat] = [degrees(draft.lon), degrees(draft.lat)];
  const wrong: Wrong = {};
  if (lon === null || Math.abs(lon) > 180) wrong.lon = text().place.badLon;
  if (lat === null || Math.abs(lat) > 90) wrong.lat = swapped(lon, lat) ? text().place.swapped : text().place.badLat;
  if (!draft.crs) wrong.crs = text().place.badCrs;
  return wrong;
}

export function placeOf(draft: Draft): Place | null {
  const [lon, lat] = [degrees(draft.lon), degrees(draft.lat)];
  if (lon === null || lat === null || Object.keys(wrongs(draft)).length > 0) return null;
  return { lon, lat, crs: draft.crs, ...(draft.accuracy_m === undefined ? {} : { accuracy_m: draft.accuracy_m }) };
}

// "122.05, 46.08" pasted whole, with any of the separators that map programs write.
export function pair(pasted: string): [string, string] | null {
  const parts = pasted.trim().split(/[\s,，;；]+/);
  const [lon, lat] = parts;
  return parts.length === 2 && lon && lat && degrees(lon) !== null && degrees(lat) !== null ? [lon, lat] : null;
}

export function degrees(typed: string): number | null {
  const trimmed = typed.trim();
  return /^[-+]?\d{1,3}(\.\d+)?$/.test(trimmed) ? Number(trimmed) : null;
}

function swapped(lon: number | null, lat: number | null): boolean {
  return lon !== null && lat !== null && Math.abs(lon) <= 90 && Math.abs(lat) <= 180;
}
