// Time that is played step by step: a day by its hours, a week or a month by its days, a year by its months.
import { get } from "../kit/api";
import type { ZoomBreaks } from "../kit/map/classes";
import { language } from "../language";
import type { Playing } from "./heat";

export type Span = "day" | "week" | "month" | "year";
export const SPANS: readonly Span[] = ["day", "week", "month", "year"];
const STEP = { day: "hour", week: "day", month: "day", year: "month" } as const;
const DAY_MS = 86_400_000;
const LENGTH: Record<Span, number> = { day: 1, week: 7, month: 30, year: 365 };

export interface Bar {
  since: string;
  until: string;
  n: number;
}

interface Slices {
  until: string;
  slices: { since: string; n: number }[];
}

// The span that ends with a day of the city's clock, such as 2026-03-01.
export function spanOf(span: Span, day: string, offset: string): { from: Date; until: Date } {
  const until = new Date(Date.parse(`${day}T00:00:00${offset}`) + DAY_MS);
  return { from: new Date(until.getTime() - LENGTH[span] * DAY_MS), until };
}

export function bars({ until, slices }: Slices): Bar[] {
  return slices.map(({ since, n }, i) => ({ since, n, until: slices[i + 1]?.since ?? until }));
}

export async function askBars(span: Span, day: string, offset: string, category: string, signal?: AbortSignal): Promise<Bar[]> {
  const { from, until } = spanOf(span, day, offset);
  const asked = new URLSearchParams({ from: from.toISOString(), until: until.toISOString(), step: STEP[span] });
  if (category) asked.set("category", category);
  return bars(await get<Slices>(`/v1/heat/slices?${asked}`, signal));
}

// The classes of the busiest step, kept for all: only so can one step be compared with the next.
export async function classesOf(known: readonly Bar[], category: string, signal?: AbortSignal): Promise<ZoomBreaks> {
  const busiest = known.reduce<Bar | null>((most, bar) => (!most || bar.n > most.n ? bar : most), null);
  if (!busiest) return {};
  const asked = new URLSearchParams({ from: busiest.since, until: busiest.until });
  if (category) asked.set("category", category);
  const { heat } = await get<{ heat: { breaks: ZoomBreaks } }>(`/tiles/heat.json?${asked}`, signal);
  return heat.breaks;
}

export const playingOf = ({ since, until }: Bar, breaks: ZoomBreaks): Playing => ({ since, until, breaks });

// By how much the city's clock is ahead, such as +08:00: the reader's own may be another.
export async function cityOffset(day: string): Promise<string> {
  const asked = new URLSearchParams({ from: `${day}T00:00:00Z`, until: `${day}T01:00:00Z`, step: "hour" });
  const { slices } = await get<Slices>(`/v1/heat/slices?${asked}`);
  return /([+-]\d{2}:\d{2})$/.exec(slices[0]?.since ?? "")?.[1] ?? "+00:00";
}

// An instant as the city writes it, cut to what a step is of.
export function stepName(span: Span, since: string): string {
  const [date = "", time = ""] = since.split("T");
  const wall = new Date(`${date}T${time.slice(0, 5)}:00Z`);
  const format: Intl.DateTimeFormatOptions =
    span === "day"
      ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
      : span === "year"
        ? { year: "numeric", month: "long" }
        : { month: "short", day: "numeric", weekday: "short" };
  return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { ...format, timeZone: "UTC" }).format(wall);
}
