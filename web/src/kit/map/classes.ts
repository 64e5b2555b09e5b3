// Classes of counts: from which count on a colour holds.
import type { ExpressionSpecification } from "maplibre-gl";

import type { Inks } from "./inks";

export type Breaks = readonly number[];
// By zoom, as a cell of a finer zoom holds less.
export type ZoomBreaks = Readonly<Record<string, Breaks>>;

// The classes of a zoom; closer in than the closest that is known they stay as there.
export function breaksAt(breaks: ZoomBreaks, zoom: number): Breaks {
  const known = Object.keys(breaks).map(Number).sort((a, b) => a - b);
  const at = known.filter((each) => each <= zoom).at(-1) ?? known[0];
  return at === undefined ? [] : (breaks[at] ?? []);
}

// The counts at which the classes begin, without repeats: few cells do not fill all classes.
export function distinct(breaks: Breaks): number[] {
  return [...new Set([1, ...breaks.map((each) => Math.max(1, Math.round(each)))])].sort((a, b) => a - b);
}

// Quantiles, so that one town with most of the incidents is not the whole map.
export function quantiles(counts: readonly number[], shares: readonly number[] = [0.35, 0.6, 0.8, 0.92, 0.98]): number[] {
  const sorted = counts.filter((n) => n > 0).sort((a, b) => a - b);
  return sorted.length ? shares.map((share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 1) : [];
}

// The colours of so many classes, from the whole length of the ramp.
export function colours(classes: number, { ramp }: Inks): string[] {
  if (classes === 1) return [ramp[3]];
  return Array.from({ length: classes }, (_, i) => ramp[Math.round((i * (ramp.length - 1)) / (classes - 1))] ?? ramp[0]);
}

export function colourOf(breaks: Breaks, inks: Inks): ExpressionSpecification {
  const starts = distinct(breaks);
  const [first = "transparent", ...rest] = colours(starts.length, inks);
  const steps = starts.slice(1).flatMap((start, i) => [start, rest[i] ?? first]);
  return (steps.length ? ["step", ["get", "n"], first, ...steps] : ["to-color", first]) as ExpressionSpecification;
}

export function colourByZoom(breaks: ZoomBreaks, inks: Inks): ExpressionSpecification {
  const zooms = Object.keys(breaks).map(Number).sort((a, b) => a - b);
  const [first = 0, ...rest] = zooms;
  const steps = rest.flatMap((zoom) => [zoom, colourOf(breaks[zoom] ?? [], inks)]);
  if (!rest.length) return colourOf(breaks[first] ?? [], inks);
  return ["step", ["zoom"], colourOf(breaks[first] ?? [], inks), ...steps] as ExpressionSpecification;
}

// "1", "2–4", "5+": the counts of each class.
export function ranges(breaks: Breaks, show: (n: number) => string): string[] {
  const starts = distinct(breaks);
  return starts.map((start, i) => {
    const next = starts[i + 1];
    if (next === undefined) return starts.length === 1 ? `${show(start)}+` : `≥ ${show(start)}`;
    return next - 1 === start ? show(start) : `${show(start)}–${show(next - 1)}`;
  });
}
