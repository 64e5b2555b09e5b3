// The base map's style with what it needs to know of its tiles already in it, so that no request waits for another.
import type { SourceSpecification, StyleSpecification } from "maplibre-gl";

import type { Language } from "../../language";
import { get } from "../api";

export type Dress = "light" | "dark" | "print";
export type Bounds = [number, number, number, number];

interface Described {
  tiles: string[];
  minzoom: number;
  maxzoom: number;
  bounds: Bounds;
  vector_layers: { id: string; minzoom: number }[];
}

const OURS = ["units", "base"] as const;
const asked = new Map<string, Promise<unknown>>();

export const ground = (dress: Dress, language: Language): Promise<StyleSpecification> =>
  once(`${dress} ${language}`, () => composed(dress, language));

// As in force now, or at an instant.
export const described = (layer: string, at: string | null = null): Promise<Described> => {
  const name = at ? `${layer}.json?at=${encodeURIComponent(at)}` : `${layer}.json`;
  return once(name, () => get<Described>(`/tiles/${name}`));
};

// What is in force may have changed: asked again at the next need.
export const forget = (): void => asked.clear();

async function composed(dress: Dress, language: Language): Promise<StyleSpecification> {
  const [style, ...layers] = await Promise.all([
    get<StyleSpecification>(`/tiles/styles/${dress}.json?lang=${language}`),
    ...OURS.map((layer) => described(layer)),
  ]);
  const sources = { ...style.sources };
  OURS.forEach((name, i) => {
    const known = layers[i];
    if (known && sources[name]) sources[name] = sourceOf(known);
  });
  return { ...style, sources };
}

function sourceOf({ tiles, minzoom, maxzoom, bounds }: Described): SourceSpecification {
  return { type: "vector", tiles, minzoom, maxzoom, bounds };
}

function once<T>(name: string, ask: () => Promise<T>): Promise<T> {
  const known = asked.get(name) as Promise<T> | undefined;
  if (known) return known;
  const coming = ask();
  asked.set(name, coming);
  coming.catch(() => asked.delete(name));
  return coming;
}
