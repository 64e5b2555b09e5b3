// Heat as the service tells it: free within one's scope for a desk, finished figures for the public.
import type { Breaks, ZoomBreaks } from "../kit/map/classes";
import { quantiles } from "../kit/map/classes";
import { get } from "../kit/api";

export type Period = "week" | "month" | "year" | "all";
export const PERIODS: readonly Period[] = ["week", "month", "year", "all"];
const DAYS: Record<Exclude<Period, "all">, number> = { week: 7, month: 30, year: 365 };

export interface HeatWish {
  period: Period;
  category: string;
  // One step of the time that is being played, as instants; the whole period if null.
  step: readonly [string, string] | null;
}

export interface DeskHeat {
  query: string;
  total: number;
  breaks: ZoomBreaks;
}

export interface PublicHeat {
  query: string;
  breaks: Breaks;
  since: string | null;
  until: string | null;
  total: number;
}

export interface Step {
  since: string;
  n: number;
  open: number;
}

// From when on, counted back from the last incident that is known rather than from a clock that may be ahead of it.
export function since(period: Period, last: Date): Date | null {
  return period === "all" ? null : new Date(last.getTime() - DAYS[period] * 86_400_000);
}

export function deskQuery({ period, category, step }: HeatWish, last: Date): string {
  const from = step?.[0] ?? since(period, last)?.toISOString();
  const asked = new URLSearchParams();
  if (from) asked.set("from", from);
  if (step) asked.set("until", step[1]);
  if (category) asked.set("category", category);
  const query = asked.toString();
  return query ? `?${query}` : "";
}

export async function deskHeat(wish: HeatWish, last: Date): Promise<DeskHeat> {
  const query = deskQuery(wish, last);
  const { heat } = await get<{ heat: { total: number; breaks: ZoomBreaks } }>(`/tiles/heat.json${query}`);
  return { query, ...heat };
}

export async function publicHeat({ period, category }: HeatWish): Promise<PublicHeat> {
  const asked = new URLSearchParams({ period: period === "all" ? "year" : period });
  if (category) asked.set("category", category);
  const query = `?${asked}`;
  const told = await get<{ since: string | null; until: string | null; figures: { incidents: number; finest: boolean; level: string }[] }>(
    `/v1/public/heat${query}`,
  );
  const finest = told.figures.filter((figure) => figure.finest).map(({ incidents }) => incidents);
  const total = told.figures[0]?.incidents ?? 0;
  return { query, breaks: quantiles(finest), since: told.since, until: told.until, total };
}

// Counts step by step, for the bars of the slider.
export async function steps({ period, category }: HeatWish, last: Date): Promise<Step[]> {
  const from = since(period === "all" ? "year" : period, last) ?? last;
  const asked = new URLSearchParams({ from: from.toISOString(), until: last.toISOString(), step: stepOf(period) });
  if (category) asked.set("category", category);
  const { slices } = await get<{ slices: Step[] }>(`/v1/heat/slices?${asked}`);
  return slices;
}

export const stepOf = (period: Period): "hour" | "day" | "week" | "month" =>
  ({ week: "day", month: "day", year: "month", all: "month" } as const)[period];
