// The queue as the service tells it: which incidents wait, whose each may be, and what became of a choice.
import { Refused, decide, get } from "../kit/api";
import type { Bounds } from "../kit/map/ground";
import type { Point } from "../kit/map/compose";
import type { Area } from "../kit/shapes";

// Those whose place leaves doubts, and those that lie in no micro-grid.
export const KINDS = ["doubtful", "outside"] as const;
export type Kind = (typeof KINDS)[number];

export interface Doubted {
  id: string;
  category: string;
  state: string;
  title: string;
  description: string | null;
  address: string | null;
  building_code: string | null;
  unit_code: string | null;
  unit_name: string | null;
  located: string;
  doubts: string[];
  ambiguous: boolean;
  accuracy_m: number | null;
  lon: number;
  lat: number;
  occurred_at: string;
  received_at: string;
  version: number;
}

export interface Page {
  items: Doubted[];
  next: string | null;
}

export interface Candidate {
  unit_id: number;
  code: string | null;
  name: string | null;
  // Of the disc; null where it was not counted.
  share: number | null;
  outside: boolean;
}

export interface Choice {
  code: string;
  name: string;
  share: number | null;
  outside: boolean;
  // Null for what has none of its own, such as all that lies outside.
  area: Area | null;
}

export interface Known {
  choices: Choice[];
  // How many candidates there are beside these.
  more: number;
  // Where it were if GCJ-02 is undone.
  unshifted: Point | null;
}

export type Outcome =
  | { kind: "settled"; incident: Doubted }
  // Somebody was faster: as it stands now, or null if it is no more to be seen here.
  | { kind: "overtaken"; incident: Doubted | null };

const PAGE = 30;
const MOST_CHOICES = 9; // each has a key of its own

export function ask(kind: Kind, cursor: string | null, signal?: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (kind === "doubtful") query.set("ambiguous", "true");
  else query.set("located", "outside");
  if (cursor) query.set("cursor", cursor);
  return get<Page>(`/v1/incidents?${query}`, signal);
}

export const waits = (kind: Kind, { ambiguous, located }: Doubted): boolean =>
  kind === "doubtful" ? ambiguous : located === "outside";

// The first page anew, before what was already read beyond it.
export function merged(before: Page, fresh: Page): Page {
  const last = fresh.items.at(-1);
  const at = before.items.findIndex(({ id }) => id === last?.id);
  if (at < 0 || fresh.next === null) return fresh;
  return { items: [...fresh.items, ...before.items.slice(at + 1)], next: before.items.length > at + 1 ? before.next : fresh.next };
}

// The likeliest first; what was not counted after, and the outside of all at the end.
export function ordered(candidates: readonly Candidate[]): Candidate[] {
  const rank = ({ share, outside }: Candidate) => (outside ? -2 : (share ?? -1));
  return [...candidates].sort((a, b) => rank(b) - rank(a));
}

export async function read(id: string, signal?: AbortSignal): Promise<Doubted | null> {
  try {
    return await get<Doubted>(`/v1/incidents/${encodeURIComponent(id)}`, signal);
  } catch (problem) {
    if (problem instanceof Refused && problem.status === 404) return null;
    throw problem;
  }
}

export async function know({ id, doubts }: Doubted, signal: AbortSignal): Promise<Known> {
  const address = `/v1/incidents/${encodeURIComponent(id)}`;
  const [[last], events] = await Promise.all([
    get<{ candidates: Candidate[] }[]>(`${address}/assignments`, signal),
    doubts.includes("gcj02") ? get<{ payload: Evidence }[]>(`${address}/history`, signal) : [],
  ]);
  const named = ordered(last?.candidates ?? []).filter(({ code }) => code !== null);
  const choices = await Promise.all(named.slice(0, MOST_CHOICES).map((each) => choiceOf(each, signal)));
  const place = events[0]?.payload.unshifted;
  return { choices, more: named.length - choices.length, unshifted: place ? [place.lon, place.lat] : null };
}

interface Evidence {
  unshifted?: { lon: number; lat: number };
}

// A unit that is no more in force has no area now; it can be read all the same.
export async function choiceOf({ code, name, share, outside }: Omit<Candidate, "unit_id">, signal?: AbortSignal): Promise<Choice> {
  const asked = `/v1/units/${encodeURIComponent(code ?? "")}/geometry`;
  const found = outside ? null : await get<{ geometry: Area }>(asked, signal).catch(() => null);
  return { code: code ?? "", name: name ?? code ?? "", share, outside, area: found?.geometry ?? null };
}

export async function settle({ id, version }: Doubted, unit: string, reason: string): Promise<Outcome> {
  try {
    const incident = await decide<Doubted>(`/v1/incidents/${encodeURIComponent(id)}/settle`, { unit, reason }, version);
    return { kind: "settled", incident };
  } catch (problem) {
    if (!(problem instanceof Refused) || ![404, 409, 412].includes(problem.status)) throw problem;
    return { kind: "overtaken", incident: await read(id) };
  }
}

// West, south, east, north of all that is to be seen.
export function boundsOf(points: readonly Point[]): Bounds {
  const [first = [0, 0] as Point] = points;
  return points.reduce<Bounds>(
    ([west, south, east, north], [lon, lat]) => [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)],
    [first[0], first[1], first[0], first[1]],
  );
}
