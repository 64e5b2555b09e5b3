// What the front page knows of the loaded league: its figures, and its parts that have an outline.
import { get } from "../kit/api";
import type { Area, Part, Summary } from "../kit/shapes";

export interface Region {
  part: Part;
  area: Area;
}

export interface League {
  summary: Summary;
  regions: Region[];
}

export async function loadLeague(signal: AbortSignal): Promise<League> {
  const summary = await get<Summary>("/v1/summary", signal);
  return { summary, regions: regionsOf(summary.parts) };
}

export function regionsOf(parts: Part[]): Region[] {
  return parts.flatMap((part) => (part.outline ? [{ part, area: part.outline }] : []));
}

export function isEmpty(summary: Summary): boolean {
  return summary.units.length === 0;
}
