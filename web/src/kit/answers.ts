// Questions about units, and what the service says to them.
import { get } from "./api";
import type { Place, Team, Unit } from "./shapes";

export interface Answer {
  // From the root to the unit itself; for a point outside of every micro-grid, the root alone.
  units: Unit[];
  located: "inside" | "outside";
  team: Team | null;
  // Longitude and latitude (EPSG:4326) of what was asked about, where it was a place.
  point: [number, number] | null;
}

type PointAnswer = Omit<Answer, "point"> & { lon: number; lat: number };
type UnitAnswer = Pick<Answer, "units" | "team"> & { unit: Unit };

export async function answerAt({ lon, lat, crs }: Place, at: string | null = null): Promise<Answer> {
  const query = new URLSearchParams({ lon: String(lon), lat: String(lat), crs, ...(at ? { at } : {}) });
  const { units, located, team, ...place } = await get<PointAnswer>(`/v1/units/at?${query}`);
  return { units, located, team, point: [place.lon, place.lat] };
}

// The unit itself says more than its step in the path: its households.
export async function answerOf({ code }: Unit, at: string | null = null): Promise<Answer> {
  const query = at ? `?${new URLSearchParams({ at })}` : "";
  const { unit, units, team } = await get<UnitAnswer>(`/v1/units/${encodeURIComponent(code)}${query}`);
  return { units: [...units.slice(0, -1), unit], located: "inside", team, point: null };
}

export async function searchUnits(typed: string, limit: number, at: string | null = null): Promise<Unit[]> {
  const query = new URLSearchParams({ q: typed, limit: String(limit), geometry: "false", ...(at ? { at } : {}) });
  const found = await get<{ features: { properties: Unit }[] }>(`/v1/units?${query}`);
  return found.features.map(({ properties }) => properties);
}
