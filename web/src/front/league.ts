// What the front page knows of the loaded league: its figures, and the outlines of its parts.
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

interface Feature {
  geometry: Area | null;
  properties: { unit_id: number };
}

export async function loadLeague(signal: AbortSignal): Promise<League> {
  const summary = await get<Summary>("/v1/summary", signal);
  return { summary, regions: await loadRegions(summary, signal) };
}

// Outlines are an ornament to the figures: without them the page still says all it has to say.
async function loadRegions(summary: Summary, signal: AbortSignal): Promise<Region[]> {
  if (!summary.parts_level || summary.parts.length > 200) return [];
  try {
    const units = await get<{ features: Feature[] }>(`/v1/units?level=${summary.parts_level}&limit=200`, signal);
    return match(summary.parts, units.features);
  } catch (problem) {
    if (signal.aborted) throw problem;
    return [];
  }
}

export function match(parts: Part[], features: Feature[]): Region[] {
  const areas = new Map(features.map((feature) => [feature.properties.unit_id, feature.geometry]));
  return parts.flatMap((part) => {
    const area = areas.get(part.unit_id);
    return area ? [{ part, area }] : [];
  });
}

export function isEmpty(summary: Summary): boolean {
  return summary.units.length === 0;
}
