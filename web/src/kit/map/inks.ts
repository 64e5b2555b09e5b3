// Colours of what lies above the base map, for a light and for a dark ground; each ramp is told apart by lightness
// alone, so that no kind of colour vision loses it.
import type { Theme } from "../../theme";

export interface Inks {
  // From few to many.
  ramp: readonly [string, string, string, string, string, string];
  incident: string;
  station: string;
  route: string;
  overlay: string;
  chosen: string;
  pin: string;
  halo: string;
  text: string;
}

const LIGHT: Inks = {
  ramp: ["#fde7c3", "#fcc98b", "#f59f5a", "#df6f3c", "#b5432b", "#7a1f22"],
  incident: "#8c2f39",
  station: "#17624c",
  route: "#5b3a8e",
  overlay: "#9a4a00",
  chosen: "#17624c",
  pin: "#1d5fb4",
  halo: "#ffffff",
  text: "#1f2933",
};

const DARK: Inks = {
  ramp: ["#3d2a1f", "#6a3d24", "#9c5527", "#cf7732", "#f0a650", "#ffe1a1"],
  incident: "#ff9c9c",
  station: "#74c7a8",
  route: "#c3a6f2",
  overlay: "#f2b36b",
  chosen: "#74c7a8",
  pin: "#7ab8ff",
  halo: "#10151a",
  text: "#e6ecf2",
};

export const inksOf = (theme: Theme): Inks => (theme === "dark" ? DARK : LIGHT);
