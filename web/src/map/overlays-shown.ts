// Which overlays whoever looks may have, and how those that are on are drawn.
import type { Inks } from "../kit/map/inks";
import * as overlay from "../kit/map/overlays";
import type { Overlay, OverlayId } from "../kit/map/overlays";
import { may } from "../kit/session";
import { language } from "../language";
import { deskQuery, type Heat, type HeatWish, type Playing } from "./heat";

// Overlays are listed where there are any.
export function allowed(overlaid: boolean): OverlayId[] {
  const heat: OverlayId = may("map.read") ? "heat" : "public_heat";
  const needed: Partial<Record<OverlayId, string>> = { incidents: "incident.read", stations: "station.read", routes: "route.read" };
  const list: OverlayId[] = [heat, "incidents", "stations", "routes", ...(overlaid ? (["overlays"] as const) : [])];
  return list.filter((id) => may(needed[id] ?? "") || !needed[id]);
}

export interface Wanted {
  on: readonly OverlayId[];
  heat: Heat | null;
  wish: HeatWish;
  playing: Playing | null;
  last: Date;
  overlaid: boolean;
  inks: Inks;
}

export function overlaysOf({ on, heat, wish, playing, last, overlaid, inks }: Wanted): Overlay[] {
  const desk = heat?.kind === "desk" ? heat : null;
  const open = heat?.kind === "public" && heat.total && heat.split ? heat : null;
  const query = playing ? deskQuery(wish, last, playing) : (desk?.query ?? "");
  const make: Record<OverlayId, () => Overlay | null> = {
    heat: () => desk && overlay.heat(query, playing?.breaks ?? desk.breaks, inks),
    public_heat: () => open && overlay.publicHeat(open.query, open.breaks, inks),
    // Tiles of incidents know no time: beside a step of it they would tell of another.
    incidents: () => (playing ? null : overlay.incidents(wish.category, inks)),
    stations: () => overlay.stations(inks),
    routes: () => overlay.routes(inks),
    overlays: () => overlay.overlays(language(), inks),
  };
  const made = allowed(overlaid).filter((id) => on.includes(id)).map((id) => make[id]());
  return made.filter((each): each is Overlay => each !== null);
}
