// Which time is played: a day, a week, a month or a year that ends with a day; and the player itself.
import { Task } from "@lit/task";
import { LitElement, css, html } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { cardStyles } from "../kit/map/card-styles";
import { icons } from "../kit/map/icons";
import "../kit/map/time-player";
import "../kit/state-note";
import { shared } from "../kit/styles";
import { Speaks, text } from "../language";
import type { HeatWish } from "./heat";
import { SPANS, askBars, classesOf, cityOffset, playingOf, stepName, type Bar, type Span } from "./play";

@customElement("time-dock")
export class TimeDock extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      .head {
        flex-wrap: wrap;
        gap: 0.4rem 0.75rem;
      }
      .body {
        padding: 0.5rem 0.75rem 0.9rem;
      }
    `,
  ];

  @property({ attribute: false }) wish!: HeatWish;
  // The last day that incidents are known of, such as 2026-03-01.
  @property() last = "";
  @property({ type: Boolean }) drawn = true;
  // Where it begins, from the page's address.
  @property({ attribute: false }) first: readonly [string, string] | null = null;
  @state() private span: Span = "year";
  @state() private day = "";
  @state() private at = -1;

  private readonly known = new Task(this, {
    task: ([span, day, category], { signal }) => this.ask(span, day, category, signal),
    args: () => [this.span, this.day || this.last, this.wish.category] as const,
  });

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().play;
    return html`<div class="head">
        <h2>${says.heading}</h2>
        <select class="small" aria-label=${says.span} @change=${(event: Event) => (this.span = valueOf(event) as Span)}>
          ${SPANS.map((span) => html`<option value=${span} ?selected=${span === this.span}>${says.spans[span]}</option>`)}
        </select>
        <input
          class="small"
          type="date"
          aria-label=${says.until}
          title=${says.until}
          max=${this.last}
          .value=${this.day || this.last}
          @change=${(event: Event) => (this.day = valueOf(event))}
        />
        <button class="icon" aria-label=${says.close} title=${says.close} @click=${() => this.say("close")}>${icons.close}</button>
      </div>
      <div class="body">
        ${this.known.render({
          pending: () => html`<state-note kind="loading"></state-note>`,
          error: (problem) => html`<state-note kind="problem" .problem=${problem} retriable @retry=${() => this.known.run()}></state-note>`,
          complete: ({ bars }) => this.player(bars),
        })}
      </div>`;
  }

  private player(bars: Bar[]) {
    return html`<time-player
      .bars=${bars.map(({ n, since }) => ({ n, name: stepName(this.span, since) }))}
      .at=${Math.max(this.at, 0)}
      .drawn=${this.drawn}
      @step=${({ detail }: CustomEvent<number>) => this.go(detail)}
    ></time-player>`;
  }

  private async ask(span: Span, day: string, category: string, signal: AbortSignal) {
    const bars = await askBars(span, day, await cityOffset(day), category, signal);
    const breaks = await classesOf(bars, category, signal);
    const kept = this.first ? bars.findIndex(({ since, until }) => since === this.first?.[0] && until === this.first[1]) : -1;
    this.first = null;
    queueMicrotask(() => this.go(Math.max(kept, 0), { bars, breaks }));
    return { bars, breaks };
  }

  private go(at: number, known = this.known.value): void {
    const bar = known?.bars[at];
    if (!known || !bar) return;
    this.at = at;
    this.say("playing", playingOf(bar, known.breaks));
  }

  private say(name: string, detail: unknown = null): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const valueOf = (event: Event): string => (event.target as HTMLInputElement).value;
