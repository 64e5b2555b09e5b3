// What the page knows of the whole league: first where it lies and what its greatest parts are called, later the rest.
import { Ahead } from "../kit/ahead";
import { get } from "../kit/api";
import type { Bounds } from "../kit/map/ground";
import { described } from "../kit/map/ground";
import { levelsOf, type Drawn } from "../kit/map/levels";
import type { Category, Outline, Unit } from "../kit/shapes";

export interface Whole {
  bounds: Bounds;
  categories: Category[];
  levels: Drawn[];
  // Whether there are units beside the base.
  overlaid: boolean;
  // The characters of the first names.
  names: string;
}

const ahead = new Ahead<Whole>();

export const beginWhole = (): Promise<Whole> => ahead.begin(askWhole());
export const loadWhole = (signal: AbortSignal): Promise<Whole> => ahead.take() ?? askWhole(signal);

async function askWhole(signal?: AbortSignal): Promise<Whole> {
  const units = described("units").then(({ bounds, vector_layers }) => ({ bounds, levels: levelsOf(vector_layers) }));
  const [{ bounds, levels }, names, overlays, { categories }] = await Promise.all([
    units,
    units.then(({ levels }) => firstNames(levels, signal)),
    described("overlays"),
    get<{ categories: Category[] }>("/v1/categories", signal),
  ]);
  return { bounds, categories, levels, overlaid: overlays.vector_layers.length > 0, names };
}

// Of the parts of the whole, which are named first.
async function firstNames(levels: Drawn[], signal?: AbortSignal): Promise<string> {
  const [first, second = first] = levels;
  if (!second) return "";
  const asked = `/v1/units?level=${second.level}&geometry=false`;
  const { features } = await get<{ features: { properties: Unit }[] }>(asked, signal).catch(() => ({ features: [] }));
  return features.map(({ properties }) => properties.name).join("");
}

// What nothing that is seen first waits for.
export const loadLater = (signal: AbortSignal): Promise<Outline> => get<Outline>("/v1/summary/units", signal);

// Without units the service calls the whole world their bounds.
export const isEmpty = ({ bounds: [west, , east] }: Whole): boolean => east - west > 350;
