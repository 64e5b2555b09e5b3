// Heat as the service tells it: free within one's scope for a desk, finished figures for the public.
import { Ahead } from "../kit/ahead";
import { get } from "../kit/api";
import type { ZoomBreaks } from "../kit/map/classes";
import { quantiles } from "../kit/map/classes";
import { described } from "../kit/map/ground";
import { ZOOMS, depthAt, levelsOf, type Drawn } from "../kit/map/levels";

export type Period = "week" | "month" | "year" | "all";
export const PERIODS: readonly Period[] = ["week", "month", "year", "all"];
const DAYS: Record<Exclude<Period, "all">, number> = { week: 7, month: 30, year: 365 };
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

// One step of the time that is being played: its instants, and the classes that hold for all steps.
export interface Playing {
  since: string;
  until: string;
  breaks: ZoomBreaks;
}

export interface HeatWish {
  period: Period;
  category: string;
}

export const wishOf = (given: { period: Period | null; category: string | null }): HeatWish => ({
  period: given.period ?? "all",
  category: given.category ?? "",
});

export interface Heat {
  kind: "desk" | "public";
  query: string;
  total: number;
  breaks: ZoomBreaks;
  // Whether anything is told of the parts: one colour over the whole says nothing.
  split: boolean;
  // The last day that is known of, where one is told.
  lastOn: string | null;
  // When the public figures are of; without instants nothing was published yet.
  since: string | null;
  until: string | null;
}

export interface Figure {
  unit_id: number;
  // Of the tree; a root has 1.
  depth: number;
  code: string;
  incidents: number;
  finest: boolean;
}

const ahead = new Ahead<Heat>();

// What the heat of the whole time depends on is known before there is a page to show it, once it is known who asks.
export function beginHeat(wish: HeatWish, known: Promise<boolean>): void {
  if (wish.period === "all" && !wish.category) void ahead.begin(known.then((desk) => askHeat(desk, wish, new Date())));
}

export async function loadHeat(desk: boolean, wish: HeatWish, last: Date, signal: AbortSignal): Promise<Heat> {
  const first = wish.period === "all" && !wish.category ? await ahead.take() : null;
  return first?.kind === (desk ? "desk" : "public") ? first : askHeat(desk, wish, last, signal);
}

const askHeat = (desk: boolean, wish: HeatWish, last: Date, signal?: AbortSignal): Promise<Heat> =>
  desk ? deskHeat(wish, last, signal) : publicHeat(wish, signal);

// Counted back from the present, or from the last incident where that is long ago: an old demonstration stays full.
export function anchor(now: Date, lastOn: string | null): Date {
  const known = lastOn ? Date.parse(`${lastOn}T00:00:00Z`) + DAY_MS : now.getTime();
  const at = now.getTime() - known > 2 * DAY_MS ? known : now.getTime();
  return new Date(Math.ceil(at / HOUR_MS) * HOUR_MS);
}

export function since(period: Period, last: Date): Date | null {
  return period === "all" ? null : new Date(last.getTime() - DAYS[period] * DAY_MS);
}

export function deskQuery({ period, category }: HeatWish, last: Date, playing: Playing | null = null): string {
  const asked = new URLSearchParams();
  const from = playing?.since ?? since(period, last)?.toISOString();
  if (from) asked.set("from", from);
  if (playing) asked.set("until", playing.until);
  if (category) asked.set("category", category);
  const query = asked.toString();
  return query ? `?${query}` : "";
}

interface Classes {
  total: number;
  breaks: ZoomBreaks;
  last_on: string | null;
}

export async function deskHeat(wish: HeatWish, last: Date, signal?: AbortSignal): Promise<Heat> {
  const query = deskQuery(wish, last);
  const { heat } = await get<{ heat: Classes }>(`/tiles/heat.json${query}`, signal);
  const { total, breaks, last_on: lastOn } = heat;
  return { kind: "desk", query, split: true, total, breaks, lastOn, since: since(wish.period, last)?.toISOString() ?? null, until: null };
}

// The public figures begin at the highest categories, and have no period without an end.
export function publicQuery({ period, category }: HeatWish): string {
  const asked = new URLSearchParams({ period: period === "all" ? "year" : period });
  const [root] = category.split(".");
  if (root) asked.set("category", root);
  return `?${asked}`;
}

interface Told {
  since: string | null;
  until: string | null;
  figures: Figure[];
}

export const publicFigures = (wish: HeatWish, signal?: AbortSignal): Promise<Told> =>
  get<Told>(`/v1/public/heat${publicQuery(wish)}`, signal);

export async function publicHeat(wish: HeatWish, signal?: AbortSignal): Promise<Heat> {
  const [{ figures, ...times }, units] = await Promise.all([publicFigures(wish, signal), described("units")]);
  const breaks = breaksOf(figures, levelsOf(units.vector_layers));
  const split = figures.some(({ depth }) => depth > 1);
  return { kind: "public", query: publicQuery(wish), breaks, split, total: totalOf(figures), lastOn: null, ...times };
}

const totalOf = (figures: readonly Figure[]): number =>
  figures.reduce((all, { depth, incidents }) => all + (depth === 1 ? incidents : 0), 0);

// The classes of what is drawn at each zoom: units of its depth, and coarser ones where the figures go no deeper.
export function breaksOf(figures: readonly Figure[], levels: readonly Drawn[]): ZoomBreaks {
  const at = (zoom: number) => {
    const reach = depthAt(levels, zoom);
    const drawn = figures.filter(({ depth, finest }) => depth === reach || (finest && depth < reach));
    return quantiles(drawn.map(({ incidents }) => incidents));
  };
  return Object.fromEntries(ZOOMS.map((zoom) => [zoom, at(zoom)]));
}
