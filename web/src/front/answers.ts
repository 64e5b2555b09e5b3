// Questions about units, and what the service says to them.
import { get } from "../kit/api";
import type { Place, Team, Unit } from "../kit/shapes";

export interface Answer {
  // From the root to the unit itself.
  units: Unit[];
  located: string;
  team: Team | null;
  // What was asked about, where it was a place.
  point: Place | null;
}

export async function answerAt(place: Place): Promise<Answer> {
  const query = new URLSearchParams({ lon: String(place.lon), lat: String(place.lat), crs: place.crs });
  return { point: place, ...(await get<Omit<Answer, "point">>(`/v1/units/at?${query}`)) };
}

export async function answerOf(unit: Unit): Promise<Answer> {
  return { located: "inside", point: null, ...(await get<Omit<Answer, "point" | "located">>(`/v1/units/${unit.unit_id}`)) };
}

export async function searchUnits(q: string, limit: number): Promise<Unit[]> {
  const query = new URLSearchParams({ q, limit: String(limit), geometry: "false" });
  const found = await get<{ features: { properties: Unit }[] }>(`/v1/units?${query}`);
  return found.features.map(({ properties }) => properties);
}
