// What the page knows of the whole league: first where it lies and what its greatest parts are called, later the rest.
import { get } from "../kit/api";
import type { Bounds } from "../kit/map/ground";
import { described } from "../kit/map/ground";
import type { Category, Summary, Unit } from "../kit/shapes";

export interface Whole {
  bounds: Bounds;
  categories: Category[];
  // The characters of the first names.
  names: string;
}

export async function loadWhole(signal: AbortSignal): Promise<Whole> {
  const [{ bounds }, categories, banners] = await Promise.all([
    described("units"),
    get<{ categories: Category[] }>("/v1/categories", signal).then(({ categories }) => categories),
    get<{ features: { properties: Unit }[] }>("/v1/units?level=banner&geometry=false", signal).catch(() => ({ features: [] })),
  ]);
  return { bounds, categories, names: banners.features.map(({ properties }) => properties.name).join("") };
}

// The figures of the whole take the service a second: nothing that is seen first waits for them.
export const loadLater = (signal: AbortSignal): Promise<Summary> => get<Summary>("/v1/summary", signal);

// Without units the service calls the whole world their bounds.
export const isEmpty = ({ bounds: [west, , east] }: Whole): boolean => east - west > 350;
