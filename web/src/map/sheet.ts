// The sheet of paper that shows what the map shows: the print style, in ink that paper takes.
import { breaksAt, colours, distinct, ranges } from "../kit/map/classes";
import { compose, type Laid } from "../kit/map/compose";
import { ground, type Bounds } from "../kit/map/ground";
import { inksOf } from "../kit/map/inks";
import type { Legend, Sheet } from "../kit/map/picture";
import { count, day, moment, text, type Language } from "../language";
import { overlaysOf, type Wanted } from "./overlays-shown";

interface Asked {
  title: string;
  bounds: Bounds;
  laid: Omit<Laid, "overlays">;
  language: Language;
  wanted: Omit<Wanted, "inks">;
  synthetic: boolean;
}

export async function sheetOf({ title, bounds, laid, language, wanted, synthetic }: Asked): Promise<Sheet> {
  const inks = inksOf("light");
  const overlays = overlaysOf({ ...wanted, inks });
  const style = compose(await ground("print", language), { ...laid, overlays }, inks);
  const hasHeat = overlays.some(({ id }) => id === "heat" || id === "public_heat");
  const legend = (zoom: number) => (hasHeat ? legendOf(wanted, zoom) : null);
  return { title, bounds, style, legend, foot: footOf(wanted, laid.at, synthetic) };
}

function legendOf({ heat, playing }: Pick<Wanted, "heat" | "playing">, zoom: number): Legend | null {
  if (!heat) return null;
  const breaks = breaksAt(playing?.breaks ?? heat.breaks, zoom);
  const shades = colours(distinct(breaks).length, inksOf("light"));
  const says = text().mapPage;
  return {
    name: heat.kind === "desk" ? says.perCell : says.perUnit,
    classes: ranges(breaks, count).map((range, i) => ({ range, colour: shades[i] ?? "#ffffff" })),
  };
}

function footOf({ heat, playing }: Pick<Wanted, "heat" | "playing">, at: string | null, synthetic: boolean): string {
  const says = text().print;
  const [from, until] = playing ? [playing.since, playing.until] : [heat?.since, heat?.until];
  const told = [
    says.made(moment(new Date().toISOString())),
    from ? says.time(day(from.slice(0, 10)), until ? day(until.slice(0, 10)) : "") : "",
    at ? text().past.shown(day(at.slice(0, 10))) : "",
    says.source,
    synthetic ? says.synthetic : "",
  ];
  return told.filter(Boolean).join(" · ");
}
