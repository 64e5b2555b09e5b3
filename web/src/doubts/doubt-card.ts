// The incident that is decided on: what is known of its place, whose it may be, and the choice.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import type { Answer } from "../kit/answers";
import type { Category } from "../kit/shapes";
import "../kit/state-note";
import { shared } from "../kit/styles";
import "../kit/unit-lookup";
import { Speaks, language, moment, text } from "../language";
import type { Choice, Doubted, Known } from "./queue";
import { reasonsOf } from "./reasons";

export interface Wish {
  unit: string;
  reason: string;
}

@customElement("doubt-card")
export class DoubtCard extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        padding: 1rem 1.25rem 1.5rem;
      }
      h2 {
        font-size: 1.1875rem;
      }
      .reasons {
        margin: 0.35rem 0 0;
        padding: 0.5rem 0.8rem;
        border: 1px solid var(--note-line);
        border-radius: 8px;
        background: var(--note-wash);
        color: var(--note);
        font-size: 0.9375rem;
        list-style: none;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.15rem 1rem;
        margin: 0.8rem 0 0;
        font-size: 0.9375rem;
      }
      dt {
        color: var(--soft);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      fieldset {
        margin: 1rem 0 0;
        padding: 0;
        border: 0;
      }
      legend {
        margin-bottom: 0.4rem;
        padding: 0;
        font-weight: 600;
      }
      .choice {
        display: grid;
        grid-template-columns: auto auto minmax(0, 1fr) auto;
        gap: 0.1rem 0.6rem;
        align-items: center;
        margin: 0 0 0.4rem;
        padding: 0.45rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 8px;
        font-size: 0.9375rem;
        font-weight: 400;
        cursor: pointer;
      }
      .choice:has(:checked) {
        border-color: var(--accent);
        background: var(--accent-wash);
      }
      .choice:has(:focus-visible) {
        outline: 2px solid var(--accent);
        outline-offset: 1px;
      }
      .choice input {
        width: 1.1rem;
        min-height: 1.1rem;
        margin: 0;
        accent-color: var(--accent);
      }
      .choice input:focus-visible {
        outline: none;
      }
      kbd {
        min-width: 1.5rem;
        border: 1px solid var(--land-line);
        border-radius: 4px;
        color: var(--soft);
        font: inherit;
        font-size: 0.8125rem;
        text-align: center;
      }
      .code {
        grid-column: 3 / -1;
        overflow-wrap: anywhere;
      }
      .reason {
        margin: 0.9rem 0 0.8rem;
      }
      .settle {
        width: 100%;
      }
      details {
        margin: 0.6rem 0 0;
      }
      summary {
        padding: 0.4rem 0;
        color: var(--accent);
        font-size: 0.9375rem;
        cursor: pointer;
      }
      unit-lookup {
        padding: 0.5rem 0 0.75rem;
      }
      state-note {
        margin-top: 0.9rem;
      }
      @media (pointer: coarse) {
        kbd {
          display: none;
        }
        .choice {
          grid-template-columns: auto minmax(0, 1fr) auto;
          min-height: 2.9rem;
        }
        .code {
          grid-column: 2 / -1;
        }
      }
    `,
  ];

  @property({ attribute: false }) doubt!: Doubted;
  // Null while it is being read.
  @property({ attribute: false }) known: Known | null = null;
  @property({ attribute: false }) choice: Choice | null = null;
  @property({ attribute: false }) categories: Category[] = [];
  @property({ attribute: false }) problem: unknown = null;
  @property({ type: Boolean }) busy = false;
  @state() private written: string | null = null;
  @query("form") private readonly form!: HTMLFormElement | null;

  constructor() {
    super();
    new Speaks(this);
  }

  // The choice of a number, as its key says; its input has the focus then, so that Enter settles.
  async press(number: number): Promise<void> {
    const choice = this.listed[number - 1];
    if (!choice) return;
    this.pick(choice);
    await this.updateComplete;
    this.form?.querySelector<HTMLInputElement>(`input[value="${CSS.escape(choice.code)}"]`)?.focus();
  }

  override render() {
    const { title } = this.doubt;
    return html`<h2>${title}</h2>
      <ul class="reasons">
        ${reasonsOf(this.doubt).map((reason) => html`<li>${reason}</li>`)}
      </ul>
      ${this.facts()} ${this.known ? this.choices(this.known) : html`<state-note kind="loading"></state-note>`}
      ${this.problem ? html`<state-note kind="problem" .problem=${this.problem}></state-note>` : nothing}`;
  }

  private get listed(): readonly Choice[] {
    const listed = this.known?.choices ?? [];
    const { choice } = this;
    return choice && !listed.some(({ code }) => code === choice.code) ? [...listed, choice] : listed;
  }

  private facts() {
    const says = text().doubts;
    const { description, address, building_code, unit_name, category, state: now, occurred_at } = this.doubt;
    const known = this.categories.find(({ code }) => code === category);
    const facts: [string, string | null | undefined][] = [
      [says.facts.owner, unit_name],
      [says.facts.description, description],
      [says.facts.address, address],
      [says.facts.building, building_code],
      [says.facts.category, known ? (language() === "en" ? known.name_en : known.name_zh) : category],
      [says.facts.state, text().states[now] ?? now],
      [says.facts.occurred, moment(occurred_at)],
    ];
    return html`<dl>
      ${facts.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
    </dl>`;
  }

  private choices({ choices, more }: Known) {
    const says = text().doubts;
    return html`<form @submit=${this.submit}>
      <fieldset>
        <legend>${says.whose}</legend>
        ${this.listed.map((each, i) => this.row(each, i))}
        <p class="soft small">${choices.length ? nothing : says.noCandidate} ${more ? says.beside(String(more)) : nothing} ${says.click}</p>
      </fieldset>
      <div class="reason">
        <label for="reason">${says.reason}</label>
        <input id="reason" required maxlength="200" .value=${this.reason} @input=${this.write} />
      </div>
      <button class="settle" ?disabled=${this.busy || !this.choice}>
        ${this.busy ? says.settling : this.choice ? says.settle(this.choice.name) : says.choose}
      </button>
    </form>
    <details>
      <summary>${says.another}</summary>
      <unit-lookup @found=${this.found}></unit-lookup>
    </details>`;
  }

  private row(choice: Choice, i: number) {
    const says = text().doubts;
    return html`<label class="choice">
      <input type="radio" name="unit" .value=${choice.code} .checked=${choice.code === this.choice?.code} @change=${() => this.pick(choice)} />
      <kbd aria-hidden="true">${i + 1}</kbd>
      <span>${choice.outside ? says.stays(choice.name) : choice.name}</span>
      <span class="figure">${choice.share === null ? nothing : says.share(choice.share)}</span>
      <span class="code soft small figure">${choice.code}</span>
    </label>`;
  }

  private get reason(): string {
    return this.written ?? text().doubts.usualReason;
  }

  private write(event: Event): void {
    this.written = (event.target as HTMLInputElement).value;
  }

  // A place outside of all has nobody but the root.
  private found({ detail }: CustomEvent<Answer>): void {
    const unit = detail.units.at(-1);
    if (unit && detail.located === "inside") this.dispatchEvent(new CustomEvent("unit", { detail: unit }));
  }

  private pick(choice: Choice): void {
    this.dispatchEvent(new CustomEvent("picked", { detail: choice }));
  }

  private submit(event: Event): void {
    event.preventDefault();
    const reason = this.reason.trim();
    if (!this.choice || this.busy) return;
    if (!reason) return void this.form?.querySelector<HTMLInputElement>("#reason")?.focus();
    const detail: Wish = { unit: this.choice.code, reason };
    this.dispatchEvent(new CustomEvent("settle", { detail }));
  }
}
