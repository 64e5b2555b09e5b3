// The overlays: which are on, what their colours mean, and which time and category the heat is of.
import { LitElement, css, html, nothing, svg } from "lit";
import { customElement, property } from "lit/decorators.js";

import { breaksAt, colours, distinct, ranges } from "../kit/map/classes";
import { inksOf } from "../kit/map/inks";
import type { OverlayId } from "../kit/map/overlays";
import type { Category } from "../kit/shapes";
import { shared } from "../kit/styles";
import { Speaks, count, language, text } from "../language";
import { theme } from "../theme";
import { PERIODS, type Heat, type HeatWish, type Period, type Playing } from "./heat";

@customElement("layer-list")
export class LayerList extends LitElement {
  static override styles = [
    shared,
    css`
      h2 {
        font-size: 1.0625rem;
      }
      ul {
        margin: 0.4rem 0 0;
        padding: 0;
        list-style: none;
      }
      li {
        padding: 0.35rem 0;
      }
      li > label {
        display: flex;
        gap: 0.6rem;
        align-items: center;
        margin: 0;
        min-height: 2rem;
        font-size: 1rem;
        font-weight: 400;
        cursor: pointer;
      }
      input[type="checkbox"] {
        width: 1.125rem;
        min-height: 1.125rem;
        height: 1.125rem;
        margin: 0;
        accent-color: var(--accent);
      }
      .sign {
        flex: none;
        width: 1rem;
        height: 1rem;
        margin-left: auto;
      }
      .under {
        margin: 0.25rem 0 0.5rem 1.75rem;
      }
      .wishes {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.5rem;
        margin-bottom: 0.6rem;
      }
      select {
        min-height: 2.4rem;
        padding: 0.3rem 0.4rem;
        font-size: 0.875rem;
      }
      .classes {
        display: grid;
        grid-auto-flow: column;
        grid-auto-columns: 1fr;
        gap: 2px;
        margin-top: 0.3rem;
      }
      .classes > div {
        position: relative;
      }
      .classes svg {
        display: block;
        width: 100%;
        height: 0.6rem;
        margin-bottom: 0.15rem;
      }
      .classes span {
        font-size: 0.6875rem;
        line-height: 1.3;
        white-space: nowrap;
      }
    `,
  ];

  @property({ attribute: false }) on: OverlayId[] = [];
  @property({ attribute: false }) allowed: OverlayId[] = [];
  @property({ attribute: false }) wish!: HeatWish;
  @property({ attribute: false }) categories: Category[] = [];
  @property({ attribute: false }) heat: Heat | null = null;
  // The step of time that the map shows, where one is played.
  @property({ attribute: false }) playing: Playing | null = null;
  // The zoom that the legend holds for.
  @property({ type: Number }) zoom = 8;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<h2>${text().mapPage.layers}</h2>
      <ul>
        ${this.allowed.map((id) => this.row(id))}
      </ul>`;
  }

  private row(id: OverlayId) {
    const on = this.on.includes(id);
    return html`<li>
      <label>
        <input type="checkbox" .checked=${on} @change=${() => this.say("toggle", id)} />
        ${text().mapPage.overlays[id]} ${this.swatch(id)}
      </label>
      ${on ? this.under(id) : nothing}
    </li>`;
  }

  private swatch(id: OverlayId) {
    const inks = inksOf(theme());
    const signs: Partial<Record<OverlayId, unknown>> = {
      routes: svg`<path d="M1 8h14" stroke=${inks.route} stroke-width="3" stroke-linecap="round" />`,
      stations: svg`<circle cx="8" cy="8" r="5.5" fill="none" stroke=${inks.station} stroke-width="2.5" />`,
      overlays: svg`<rect x="2" y="3" width="12" height="10" fill=${inks.overlay} fill-opacity="0.2" stroke=${inks.overlay} stroke-width="2" stroke-dasharray="4 1.5" />`,
      incidents: svg`<circle cx="8" cy="8" r="6" fill=${inks.incident} />`,
    };
    return signs[id] ? html`<svg class="sign" viewBox="0 0 16 16" aria-hidden="true">${signs[id]}</svg>` : nothing;
  }

  private under(id: OverlayId) {
    const says = text().mapPage;
    if (id === "incidents") return html`<p class="under soft small">${this.playing ? says.incidentsRest : says.incidentsFrom}</p>`;
    const from = FROM_ZOOM[id];
    if (from) return this.zoom < from ? html`<p class="under soft small">${says.closer}</p>` : nothing;
    return id === "heat" || id === "public_heat" ? html`<div class="under">${this.wishes(id)} ${this.legend(id)}</div>` : nothing;
  }

  private wishes(id: OverlayId) {
    const says = text().mapPage;
    const names = id === "heat" ? says.periods : says.publicPeriods;
    const known = PERIODS.filter((period) => period in names);
    const shown = this.wish.period in names ? this.wish.period : "year";
    return html`<div class="wishes">
      <select aria-label=${says.period} @change=${(event: Event) => this.turn({ period: valueOf(event) as Period })}>
        ${known.map((each) => html`<option value=${each} ?selected=${each === shown}>${names[each]}</option>`)}
      </select>
      <select aria-label=${says.category} @change=${(event: Event) => this.turn({ category: valueOf(event) })}>
        <option value="">${says.everyCategory}</option>
        ${this.categories
          .filter(({ parent }) => id === "heat" || parent === null)
          .map(
            (each) => html`<option value=${each.code} ?selected=${each.code === this.wish.category}>
              ${each.parent ? "  " : ""}${language() === "en" ? each.name_en : each.name_zh}
            </option>`,
          )}
      </select>
    </div>`;
  }

  private legend(id: OverlayId) {
    const says = text().mapPage;
    const told = this.heat;
    if (!told) return nothing;
    if (!told.total) return html`<p class="soft small">${told.kind === "public" && !told.since ? says.unpublished : says.none}</p>`;
    if (!told.split) return html`<p class="soft small figure">${says.total(count(told.total))}</p><p class="soft small">${says.wholeOnly}</p>`;
    const breaks = breaksAt(this.playing?.breaks ?? told.breaks, this.zoom);
    const shades = colours(distinct(breaks).length, inksOf(theme()));
    return html`<p class="soft small figure">
        ${this.playing ? says.oneStep : says.total(count(told.total))} · ${id === "heat" ? says.perCell : says.perUnit}
      </p>
      <div class="classes">
        ${ranges(breaks, count).map(
          (range, i) => html`<div title=${range}>
            <svg viewBox="0 0 30 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width="30" height="8" rx="1.5" fill=${shades[i] ?? "none"} />
            </svg>
            <span class="soft figure" aria-hidden="true">${starts(range)}</span><span class="hidden">${range}</span>
          </div>`,
        )}
      </div>`;
  }

  private turn(part: Partial<HeatWish>): void {
    this.say("wish", { ...this.wish, ...part });
  }

  private say(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

// These have no tiles of smaller zooms.
const FROM_ZOOM: Partial<Record<OverlayId, number>> = { stations: 8, routes: 8, overlays: 10 };
const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value;
// There is room for the count at which a class begins; the whole range is told to who asks.
const starts = (range: string): string => range.replace(/–.*$/, "").replace("≥ ", "");
