// The levels that the units in force have, and from which zoom on each is drawn: as the description of their tiles says.
const LEVELS = ["league", "banner", "township", "community", "grid", "micro_grid"] as const;
export type Level = (typeof LEVELS)[number];

export interface Drawn {
  level: Level;
  from: number;
}

// The coarsest first.
export const levelsOf = (layers: readonly { id: string; minzoom: number }[]): Drawn[] =>
  LEVELS.flatMap((level) => layers.filter(({ id }) => id === level).map(({ minzoom }) => ({ level, from: minzoom })));

// How many levels are drawn at a zoom.
export const depthAt = (levels: readonly Drawn[], zoom: number): number => levels.filter(({ from }) => from <= zoom).length;

// The finest that is drawn at a zoom.
export const levelAt = (levels: readonly Drawn[], zoom: number): Level =>
  levels[Math.max(depthAt(levels, zoom), 1) - 1]?.level ?? "micro_grid";

export const ZOOMS: readonly number[] = Array.from({ length: 17 }, (_, zoom) => zoom);
