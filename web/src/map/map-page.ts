// One map of everything: units, heat, incidents, stations and routes, with what is asked of it beside.
import { Task } from "@lit/task";
import { LitElement, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import { get } from "../kit/api";
import type { Answer } from "../kit/answers";
import type { Bounds, GridMap } from "../kit/map/grid-map";
import "../kit/map/grid-map";
import { inksOf } from "../kit/map/inks";
import * as overlay from "../kit/map/overlays";
import type { OverlayId, Overlay } from "../kit/map/overlays";
import "../kit/page-header";
import { Admits, askToSignIn, may, session } from "../kit/session";
import type { Area, Category, Summary } from "../kit/shapes";
import { shared } from "../kit/styles";
import "../kit/unit-lookup";
import type { UnitLookup } from "../kit/unit-lookup";
import { Speaks, text } from "../language";
import { theme } from "../theme";
import { deskHeat, publicHeat, type DeskHeat, type HeatWish, type PublicHeat } from "./heat";
import "./layer-list";
import { pageStyles } from "./styles";
import { readHash, writeHash } from "./view";

interface Whole {
  summary: Summary;
  categories: Category[];
  bounds: Bounds | null;
}

@customElement("map-page")
export class MapPage extends LitElement {
  static override styles = [shared, pageStyles];

  @state() private on: OverlayId[] = [];
  @state() private wish: HeatWish = { period: "year", category: "", step: null };
  @state() private chosen: Area | null = null;
  @state() private open = !matchMedia("(max-width: 46rem)").matches;
  @state() private problem = false;
  @query("grid-map") private readonly map!: GridMap;
  @query("unit-lookup") private readonly lookup!: UnitLookup;

  private readonly given = readHash(location.hash);
  private readonly whole = new Task(this, { task: (_, { signal }) => loadWhole(signal), args: () => [] });
  private readonly heat = new Task(this, {
    task: ([whole, desk, wish]) => this.askHeat(whole, desk, wish),
    args: () => [this.whole.value, may("map.read"), this.wish] as const,
  });

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
    this.on = this.given.overlays ?? ["heat", "public_heat", "stations"];
    if (this.given.period) this.wish = { ...this.wish, period: this.given.period as HeatWish["period"] };
    if (this.given.category) this.wish = { ...this.wish, category: this.given.category };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("themechange", this.again);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("themechange", this.again);
  }

  override render() {
    const whole = this.whole.value;
    return html`<page-header home="/"></page-header>
      <main>
        ${whole
          ? html`<grid-map
              .bounds=${whole.bounds}
              .view=${this.given.view}
              .overlays=${this.overlays}
              .at=${this.given.at}
              .covered=${this.covered}
              .chosen=${this.chosen}
              .names=${whole.summary.parts.map(({ name }) => name).join("")}
              @point=${this.ask}
              @moved=${this.keep}
              @failed=${() => (this.problem = true)}
              @drawn=${() => (this.problem = false)}
            ></grid-map>`
          : nothing}
        ${this.buttons()}
        <section class="panel ${this.open ? "open" : ""}" aria-label=${text().mapPage.panel}>${this.panel()}</section>
        ${this.problem ? html`<p class="trouble" role="status">${text().mapPage.failed}</p>` : nothing}
      </main>`;
  }

  private panel() {
    const says = text().mapPage;
    return html`<button class="fold quiet" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>
        ${this.open ? says.closePanel : says.openPanel}
      </button>
      <div class="inside" ?hidden=${!this.open}>
        <unit-lookup .parts=${this.whole.value?.summary.parts ?? []} @found=${this.show}></unit-lookup>
        <layer-list
          .on=${this.on}
          .allowed=${this.allowed}
          .wish=${this.wish}
          .categories=${this.whole.value?.categories ?? []}
          .heat=${this.heat.value ?? null}
          @toggle=${this.toggle}
          @wish=${({ detail }: CustomEvent<HeatWish>) => this.change(detail)}
        ></layer-list>
        ${session().account ? nothing : this.invite()}
      </div>`;
  }

  private invite() {
    return html`<p class="invite small">
      ${text().mapPage.signInForMore}
      <button class="quiet" @click=${() => askToSignIn(location.href)}>${text().signIn.open}</button>
    </p>`;
  }

  private buttons() {
    const says = text().mapPage;
    const button = (name: string, sign: string, act: () => void) =>
      html`<button class="quiet" title=${name} aria-label=${name} @click=${act}>${sign}</button>`;
    return html`<div class="buttons">
      ${button(says.zoomIn, "+", () => this.map.zoom(1))} ${button(says.zoomOut, "−", () => this.map.zoom(-1))}
      ${button(says.home, "⌂", () => this.whole.value?.bounds && this.map.fit(this.whole.value.bounds))}
    </div>`;
  }

  // What the panel lies over: the left on a desk, the lower part on a phone.
  private get covered() {
    const none = { top: 0, right: 0, bottom: 0, left: 0 };
    if (!this.open) return none;
    return matchMedia("(max-width: 46rem)").matches ? { ...none, bottom: innerHeight * 0.5 } : { ...none, left: 356 };
  }

  private get allowed(): OverlayId[] {
    const heat: OverlayId = may("map.read") ? "heat" : "public_heat";
    const list: OverlayId[] = [heat, "incidents", "stations", "routes"];
    return list.filter((id) => (id !== "incidents" || may("incident.read")) && (id !== "routes" || may("route.read")));
  }

  private get overlays(): Overlay[] {
    const inks = inksOf(theme());
    const told = this.heat.value;
    const make: Record<OverlayId, () => Overlay | null> = {
      heat: () => (told?.desk ? overlay.heat(told.desk.query, told.desk.breaks, inks) : null),
      public_heat: () => (told?.open?.total ? overlay.publicHeat(told.open.query, told.open.breaks, inks) : null),
      incidents: () => overlay.incidents(inks),
      stations: () => overlay.stations(inks),
      routes: () => overlay.routes(inks),
    };
    const made = this.allowed.filter((id) => this.on.includes(id)).map((id) => make[id]());
    return made.filter((each): each is Overlay => each !== null);
  }

  private async askHeat(whole: Whole | undefined, desk: boolean, wish: HeatWish) {
    if (!whole) return null;
    const last = lastOf(whole.summary);
    return desk ? { desk: await deskHeat(wish, last), open: null } : { desk: null, open: await publicHeat(wish) };
  }

  private toggle({ detail }: CustomEvent<OverlayId>): void {
    this.on = this.on.includes(detail) ? this.on.filter((id) => id !== detail) : [...this.on, detail];
    this.keep();
  }

  private change(wish: HeatWish): void {
    this.wish = wish;
    this.keep();
  }

  private ask({ detail }: CustomEvent<{ lon: number; lat: number }>): void {
    this.open = true;
    void this.lookup.at({ lon: round(detail.lon), lat: round(detail.lat), crs: "EPSG:4326" });
  }

  // Marks the unit that was found, and goes there if it was asked for by its name.
  private async show({ detail }: CustomEvent<Answer>): Promise<void> {
    const unit = detail.units.at(-1);
    if (!unit || detail.located === "outside") return;
    const found = await get<{ geometry: Area; bbox: Bounds }>(`/v1/units/${encodeURIComponent(unit.code)}/geometry`);
    this.chosen = found.geometry;
    if (!detail.point) this.map.fit(found.bbox);
  }

  private readonly keep = (): void => {
    const { period, category } = this.wish;
    const kept = { view: this.map?.looking ?? this.given.view, overlays: this.on, period, category, at: this.given.at };
    history.replaceState(history.state, "", `${location.pathname}${location.search}${writeHash(kept)}`);
  };

  private readonly again = (): void => this.requestUpdate();
}

export type HeatTold = { desk: DeskHeat | null; open: PublicHeat | null };

async function loadWhole(signal: AbortSignal): Promise<Whole> {
  const [summary, categories, tiles] = await Promise.all([
    get<Summary>("/v1/summary", signal),
    get<{ categories: Category[] }>("/v1/categories", signal).then(({ categories }) => categories),
    get<{ bounds: Bounds }>("/tiles/units.json", signal),
  ]);
  return { summary, categories, bounds: tiles.bounds };
}

// The end of the last day that incidents are known of.
function lastOf({ incidents }: Summary): Date {
  return incidents.last_on ? new Date(Date.parse(`${incidents.last_on}T00:00:00Z`) + 86_400_000) : new Date();
}

// Five decimals are a metre, about what a click means.
const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
