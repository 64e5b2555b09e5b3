// From which zoom on the units of a level are drawn, as the tiles have them.
export const LEVELS = ["league", "banner", "township", "community", "grid", "micro_grid"] as const;
export type Level = (typeof LEVELS)[number];
const FROM_ZOOM: Readonly<Record<Level, number>> = { league: 0, banner: 5, township: 8, community: 10, grid: 11, micro_grid: 12 };

// How many levels are drawn at a zoom.
export const depthAt = (zoom: number): number => LEVELS.filter((level) => FROM_ZOOM[level] <= zoom).length;

export const levelAt = (zoom: number): Level => LEVELS[Math.max(depthAt(zoom), 1) - 1] ?? "league";

export const ZOOMS: readonly number[] = Array.from({ length: 17 }, (_, zoom) => zoom);
