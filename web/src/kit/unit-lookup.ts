// "Which micro-grid is this?", asked by name or code, by coordinate, or by a click on the map.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import "./place-field";
import "./state-note";
import { answerAt, answerOf, searchUnits, type Answer } from "./answers";
import type { PlaceField } from "./place-field";
import type { Named, Place, Unit } from "./shapes";
import { shared } from "./styles";
import { Speaks, count, nameOf, text } from "../language";
import "./unit-answer";

const MOST = 6;

@customElement("unit-lookup")
export class UnitLookup extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        padding: 1.25rem 1.25rem 1.4rem;
      }
      .ways {
        display: flex;
        gap: 1.5rem;
        margin: 0.6rem 0 1rem;
        border-bottom: 1px solid var(--line);
      }
      .ways button {
        min-height: 2.75rem;
        margin-bottom: -1px;
        padding: 0 0.1rem;
        border: 0;
        border-bottom: 2px solid transparent;
        border-radius: 0;
        background: transparent;
        color: var(--soft);
        font-weight: 400;
      }
      .ways button[aria-pressed="true"] {
        border-bottom-color: var(--accent);
        color: var(--ink);
        font-weight: 600;
      }
      .line {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0.75rem;
      }
      .send {
        margin-top: 0.9rem;
      }
      .result {
        margin-top: 1rem;
      }
      .choices {
        display: grid;
        margin: 0.4rem 0 0;
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 8px;
        list-style: none;
        overflow: hidden;
      }
      .choices li + li {
        border-top: 1px solid var(--line);
      }
      .choices button {
        display: grid;
        width: 100%;
        padding: 0.4rem 0.85rem;
        line-height: 1.45;
        border: 0;
        border-radius: 0;
        background: transparent;
        color: var(--ink);
        font-weight: 400;
        text-align: left;
      }
      .choices button:hover {
        background: var(--accent-wash);
      }
      .choices button:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];

  @property({ attribute: false }) parts: Named[] = [];
  // As in force at this instant; now if null.
  @property() instant: string | null = null;
  @state() private way: "name" | "place" = "name";
  @state() private typed = "";
  @state() private choices: Unit[] | null = null;
  @state() private answer: Answer | null = null;
  @state() private problem: unknown = null;
  @state() private busy = false;
  @query("place-field") private readonly field!: PlaceField;
  @query(".result") private readonly outcome!: HTMLElement;

  private again: () => Promise<void> = async () => undefined;
  private turn = 0;

  constructor() {
    super();
    new Speaks(this);
  }

  // From the map: shows the coordinate that is asked about, and asks.
  async at(place: Place): Promise<void> {
    this.way = "place";
    await this.updateComplete;
    this.field.draft = { lon: String(place.lon), lat: String(place.lat), crs: place.crs };
    await this.run(async () => this.show(await answerAt(place, this.instant)));
    await this.updateComplete;
    this.outcome.scrollIntoView({ block: "nearest" });
  }

  // Where a name is typed, ready to be typed over.
  async toSearch(): Promise<void> {
    this.go("name");
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLInputElement>("#q")?.select();
    this.renderRoot.querySelector<HTMLInputElement>("#q")?.focus();
  }

  override render() {
    const says = text().lookup;
    return html`<h2>${says.heading}</h2>
      <div class="ways" role="group" aria-label=${says.heading}>
        ${this.tab("name", says.byName)} ${this.tab("place", says.byPlace)}
      </div>
      ${this.way === "name" ? this.nameForm() : this.placeForm()}
      <div class="result" aria-live="polite">${this.result()}</div>`;
  }

  private tab(way: "name" | "place", name: string) {
    const pressed = this.way === way ? "true" : "false";
    return html`<button aria-pressed=${pressed} @click=${() => this.go(way)}>${name}</button>`;
  }

  private go(way: "name" | "place"): void {
    this.way = way;
    this.turn += 1;
    this.busy = false;
    this.problem = this.answer = this.choices = null;
  }

  private nameForm() {
    const says = text().lookup;
    return html`<form @submit=${this.searchName}>
      <label for="q">${says.nameLabel}</label>
      <div class="line">
        <input
          id="q"
          type="search"
          maxlength="60"
          autocomplete="off"
          placeholder=${says.nameHint}
          .value=${this.typed}
          @input=${(event: Event) => (this.typed = (event.target as HTMLInputElement).value)}
        />
        <button ?disabled=${this.busy || this.typed.trim().length < 2}>${says.search}</button>
      </div>
    </form>`;
  }

  private placeForm() {
    return html`<form novalidate @submit=${this.searchPlace} @keydown=${this.enter}>
      <place-field></place-field>
      <button class="send" ?disabled=${this.busy}>${text().lookup.search}</button>
    </form>`;
  }

  private result() {
    if (this.busy) return html`<state-note kind="loading"></state-note>`;
    if (this.problem) {
      return html`<state-note kind="problem" .problem=${this.problem} retriable @retry=${() => this.again()}></state-note>`;
    }
    if (this.answer) return html`<unit-answer .answer=${this.answer}></unit-answer>`;
    return this.choices ? this.list(this.choices) : nothing;
  }

  private list(units: Unit[]) {
    const says = text().lookup;
    if (units.length === 0) return html`<p>${says.nothing(this.typed.trim())}</p>`;
    const heading = units.length > MOST ? says.more(count(MOST)) : says.several(count(units.length));
    return html`<p class="small">${heading}</p>
      <ul class="choices">
        ${units.slice(0, MOST).map(
          (unit) => html`<li><button @click=${() => this.choose(unit)}>
            <span>${nameOf(unit)}</span>
            <span class="soft small figure">${this.whereabouts(unit)}</span>
          </button></li>`,
        )}
      </ul>`;
  }

  // Villages of one name lie in several banners: the code alone tells only those who know it.
  private whereabouts(unit: Unit): string {
    const above = unit.path?.split(".") ?? [];
    const part = this.parts.find(({ unit_id }) => unit_id !== unit.unit_id && above.includes(String(unit_id)));
    const level = text().figures.level[unit.level] ?? unit.level;
    return [part ? nameOf(part) : "", level, unit.code].filter(Boolean).join(" · ");
  }

  private searchName(event: Event): void {
    event.preventDefault();
    const q = this.typed.trim();
    void this.run(async () => {
      const units = await searchUnits(q, MOST + 1, this.instant);
      const [only] = units;
      if (only && units.length === 1) return this.show(await answerOf(only, this.instant));
      return () => (this.choices = units);
    });
  }

  private searchPlace(event: Event): void {
    event.preventDefault();
    const place = this.field.take();
    if (place) {
      void this.run(async () => this.show(await answerAt(place, this.instant)));
      return;
    }
    this.go("place"); // the answer to an earlier question must not stand below a wrong one
    void this.field.toFirstWrong();
  }

  // The inputs lie in another shadow root than the form, so that Enter in them does not submit it.
  private enter(event: KeyboardEvent): void {
    if (event.key === "Enter" && event.composedPath()[0] instanceof HTMLInputElement) this.searchPlace(event);
  }

  private choose(unit: Unit): void {
    void this.run(async () => this.show(await answerOf(unit, this.instant)));
  }

  private show(answer: Answer): () => void {
    return () => {
      this.answer = answer;
      this.dispatchEvent(new CustomEvent("found", { detail: answer }));
    };
  }

  // Asks, and shows what comes unless something newer was asked meanwhile.
  private async run(ask: () => Promise<() => void>): Promise<void> {
    const turn = ++this.turn;
    this.again = () => this.run(ask);
    this.problem = this.answer = this.choices = null;
    this.busy = true;
    try {
      const show = await ask();
      if (turn === this.turn) show();
    } catch (problem) {
      if (turn === this.turn) this.problem = problem;
    } finally {
      if (turn === this.turn) this.busy = false;
    }
  }
}
