// How far a report has come: what the service says to its number.
import { get } from "../kit/api";

export const STAGES = ["report", "assign", "handle", "supervise", "close", "revisit", "archive"] as const;
export type Stage = (typeof STAGES)[number];

export interface Progress {
  state: string;
  since: string;
  stage: Stage;
  received_at: string;
  due_at: string | null;
  stages: { stage: Stage; at: string | null }[];
}

// A stage is behind the incident, or where it is, or still to come; one that it went past without stopping is skipped.
export type Standing = "done" | "now" | "skipped" | "ahead";

export interface Mark {
  stage: Stage;
  at: string | null;
  standing: Standing;
}

interface StateName {
  state: string;
  name_zh: string;
  name_en: string;
  settled: boolean;
}

export interface Followed {
  progress: Progress;
  state: StateName;
}

export async function follow(number: string, signal: AbortSignal): Promise<Followed> {
  const [progress, states] = await Promise.all([
    get<Progress>(`/v1/tracking/${number}`, signal),
    get<StateName[]>("/v1/lifecycle", signal),
  ]);
  const state = states.find(({ state }) => state === progress.state);
  return { progress, state: state ?? { state: progress.state, name_zh: "", name_en: "", settled: false } };
}

export function marks({ stage, stages }: Progress): Mark[] {
  const now = STAGES.indexOf(stage);
  return stages.map((reached, place) => ({ ...reached, standing: standing(place, now, reached.at) }));
}

function standing(place: number, now: number, at: string | null): Standing {
  if (place === now) return "now";
  if (place > now) return "ahead";
  return at === null ? "skipped" : "done";
}

// The number as the service writes it, however it was copied; null for what cannot be one.
export function numberOf(typed: string): string | null {
  const digits = typed.replace(/[\s\u200b-\u200f\u2010-\u2015-]/g, "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return null;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function numberIn(path: string): string {
  return decodeURIComponent(path.split("/")[2] ?? "");
}
