// Questions about units, and what the service says to them.
import { Refused, get } from "../kit/api";
import type { Place, Team, Unit } from "../kit/shapes";

export interface Answer {
  // From the root to the unit itself; empty for a point outside of every micro-grid.
  units: Unit[];
  team: Team | null;
  // Longitude and latitude (EPSG:4326) of what was asked about, where it was a place.
  point: [number, number] | null;
}

interface Owner {
  lon: number;
  lat: number;
  owner: Unit | null;
  above: Unit[];
}

export async function answerAt({ lon, lat, crs }: Place): Promise<Answer> {
  const query = new URLSearchParams({ lon: String(lon), lat: String(lat), crs });
  const found = await get<Owner>(`/v1/units/at?${query}`);
  const point: [number, number] = [found.lon, found.lat];
  return found.owner
    ? { units: chain(found.above, found.owner), team: await teamOf(found.owner), point }
    : { units: [], team: null, point };
}

export async function answerOf(unit: Unit): Promise<Answer> {
  const [found, team] = await Promise.all([get<Unit & { above: Unit[] }>(address(unit)), teamOf(unit)]);
  return { units: chain(found.above, found), team, point: null };
}

export async function searchUnits(typed: string, limit: number): Promise<Unit[]> {
  const byCode = /^[\w.-]*\d[\w.-]*$/.test(typed) ? await list("code", typed, limit) : [];
  return byCode.length ? byCode : list("name", typed, limit);
}

// The unit itself stands last, also where the service says so already.
export function chain(above: Unit[], unit: Unit): Unit[] {
  return [...above.filter(({ unit_id }) => unit_id !== unit.unit_id), unit];
}

async function list(by: "code" | "name", typed: string, limit: number): Promise<Unit[]> {
  const query = new URLSearchParams({ [by]: typed, limit: String(limit) });
  return (await get<{ items: Unit[] }>(`/v1/units?${query}`)).items;
}

async function teamOf(unit: Unit): Promise<Team | null> {
  try {
    return await get<Team>(`${address(unit)}/team`);
  } catch (problem) {
    if (problem instanceof Refused && problem.status === 404) return null;
    throw problem;
  }
}

const address = ({ code }: Unit): string => `/v1/units/${encodeURIComponent(code)}`;
