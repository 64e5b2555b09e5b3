// Light or dark: as chosen before, else as the system is, following it while nothing is chosen.
export type Theme = "light" | "dark";

const KEY = "wangge.theme";
const system = (): MediaQueryList => matchMedia("(prefers-color-scheme: dark)");

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : system().matches ? "dark" : "light";
}

export function startTheme(): void {
  show();
  system().addEventListener("change", show);
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  show();
}

function show(): void {
  document.documentElement.dataset["theme"] = theme();
  dispatchEvent(new Event("themechange"));
}
