// The rows of the table beside the map: the same answers of the service that the map is drawn from.
import { get } from "../kit/api";
import type { Bounds } from "../kit/map/ground";
import type { Level } from "../kit/map/levels";
import { deskQuery, publicFigures, type HeatWish, type Playing } from "./heat";

export interface UnitRow {
  code: string;
  name: string;
  name_en: string | null;
  households: number | null;
  // Null where it is not told: beyond one's scope, or too few for the public.
  n: number | null;
  open: number | null;
  bbox: Bounds;
}

export interface IncidentRow {
  id: string;
  category: string;
  state: string;
  unit_name: string | null;
  occurred_at: string;
  due_at: string | null;
  lon: number;
  lat: number;
}

export interface Asked {
  box: Bounds;
  wish: HeatWish;
  playing: Playing | null;
  last: Date;
  // Of the units in the past; null for now.
  at: string | null;
}

export interface Rows<Row> {
  rows: Row[];
  // Whether there are more than these.
  more: boolean;
}

const MOST_UNITS = 2_000;
const PAGE = 500;
const MOST_INCIDENTS = 500;

export async function deskUnits({ box, wish, playing, last }: Asked, level: Level, signal: AbortSignal): Promise<Rows<UnitRow>> {
  const query = new URLSearchParams(deskQuery(wish, last, playing).slice(1));
  return everyPage(`/v1/heat/units?${within(query, level, box)}`, (page: { items: UnitRow[] }) => page.items, signal);
}

export async function publicUnits({ box, wish, at }: Asked, level: Level, signal: AbortSignal): Promise<Rows<UnitRow>> {
  const query = within(new URLSearchParams({ geometry: "false" }), level, box);
  if (at) query.set("at", at);
  const [told, units] = await Promise.all([
    publicFigures(wish, signal),
    everyPage(`/v1/units?${query}`, (page: { features: { properties: UnitRow }[] }) => page.features, signal),
  ]);
  const known = new Map(told.figures.map(({ code, incidents }) => [code, incidents]));
  const rows = units.rows.map(({ properties }) => ({ ...properties, n: known.get(properties.code) ?? null, open: null }));
  return { ...units, rows };
}

export async function incidentsIn({ box, wish, playing, last }: Asked, signal: AbortSignal): Promise<Rows<IncidentRow>> {
  const query = new URLSearchParams({ bbox: boxed(box), limit: String(MOST_INCIDENTS) });
  const times = new URLSearchParams(deskQuery(wish, last, playing).slice(1));
  const [from, until] = [times.get("from"), times.get("until")];
  if (from) query.set("occurred_from", from);
  if (until) query.set("occurred_to", until);
  if (wish.category) query.set("category", wish.category);
  const { items, next } = await get<{ items: IncidentRow[]; next: string | null }>(`/v1/incidents?${query}`, signal);
  return { rows: items, more: next !== null };
}

function within(query: URLSearchParams, level: Level, box: Bounds): URLSearchParams {
  query.set("level", level);
  query.set("bbox", boxed(box));
  query.set("limit", String(PAGE));
  return query;
}

// A map that is looked at from afar goes beyond the world.
export function boxed([west, south, east, north]: Bounds): string {
  const held = (value: number, most: number) => Math.min(Math.max(value, -most), most).toFixed(6);
  return [held(west, 180), held(south, 90), held(east, 180), held(north, 90)].join(",");
}

type Paged = { next: string | null };

async function everyPage<Page, Row>(path: string, rowsOf: (page: Page) => Row[], signal: AbortSignal): Promise<Rows<Row>> {
  const rows: Row[] = [];
  for (let cursor = ""; rows.length < MOST_UNITS; ) {
    const page = await get<Page & Paged>(`${path}${cursor}`, signal);
    rows.push(...rowsOf(page));
    if (page.next === null) return { rows, more: false };
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
  return { rows, more: true };
}
