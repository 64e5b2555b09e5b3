// The language of the page: from ?lang=, else as chosen before, else as the browser asks.
import type { ReactiveController, ReactiveControllerHost } from "lit";

import { en } from "./text/en";
import { zh, type Catalogue } from "./text/zh";

export type Language = "zh" | "en";

const KEY = "wangge.language";
const catalogues: Record<Language, Catalogue> = { zh, en };
const changes = new EventTarget();
let current: Language = "zh";
let titled: (words: Catalogue) => string = ({ title }) => title;

export function firstLanguage(search: string, kept: string | null, asked: string): Language {
  const wish = new URLSearchParams(search).get("lang") ?? kept ?? asked;
  return wish.toLowerCase().startsWith("en") ? "en" : "zh";
}

// A page of its own name says which of the words that is.
export function startLanguage(title = titled): void {
  titled = title;
  show(firstLanguage(location.search, localStorage.getItem(KEY), navigator.language));
}

export function setLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  const url = new URL(location.href);
  url.searchParams.set("lang", language);
  history.replaceState(history.state, "", url);
  show(language);
}

function show(language: Language): void {
  current = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = titled(text());
  changes.dispatchEvent(new Event("change"));
}

export function language(): Language {
  return current;
}

export function text(): Catalogue {
  return catalogues[current];
}

// A name in the page's language: the Chinese one where no English one is known.
export function nameOf(thing: { name: string; name_en?: string | null }): string {
  return (current === "en" && thing.name_en) || thing.name;
}

export function count(value: number): string {
  return new Intl.NumberFormat(current === "zh" ? "zh-CN" : "en").format(value);
}

export function figure(value: number, digits: number): string {
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(current === "zh" ? "zh-CN" : "en", format).format(value);
}

// A date without a clock, such as 2026-03-01: the same day wherever the reader is.
export function day(date: string): string {
  const format = new Intl.DateTimeFormat(current === "zh" ? "zh-CN" : "en-GB", { dateStyle: "long", timeZone: "UTC" });
  return format.format(new Date(`${date}T00:00:00Z`));
}

// An instant on the reader's own clock.
export function moment(at: string): string {
  const format = new Intl.DateTimeFormat(current === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
  return format.format(new Date(at));
}

// Draws its component again when the language changes.
export class Speaks implements ReactiveController {
  private readonly host: ReactiveControllerHost;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  hostConnected(): void {
    changes.addEventListener("change", this.draw);
  }

  hostDisconnected(): void {
    changes.removeEventListener("change", this.draw);
  }

  private readonly draw = (): void => this.host.requestUpdate();
}
