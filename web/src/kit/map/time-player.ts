// Plays time over a map: a bar a step, a slider over the bars, and a button that walks along them.
import { LitElement, css, html, svg, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Speaks, count, text } from "../../language";
import { shared } from "../styles";
import { cardStyles } from "./card-styles";
import { icons } from "./icons";

export interface PlayedBar {
  n: number;
  // What the step is called, such as a day.
  name: string;
}

const PACE_MS = 900;
const CALM_PACE_MS = 2_000;

@customElement("time-player")
export class TimePlayer extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      :host {
        border: 0;
        box-shadow: none;
      }
      .bars {
        position: relative;
        flex: 1;
        min-width: 10rem;
        height: 3.5rem;
      }
      .bars svg {
        position: absolute;
        inset: 0 8px;
        width: calc(100% - 16px);
        height: 100%;
      }
      .bars rect {
        fill: var(--ramp-2);
      }
      .bars rect.now {
        fill: var(--mark);
      }
      input[type="range"] {
        position: absolute;
        bottom: -0.75rem;
        width: 100%;
        min-height: 1.5rem;
        margin: 0;
        padding: 0;
        border: 0;
        background: transparent;
        accent-color: var(--accent);
      }
      .now-is {
        min-width: 9rem;
        font-weight: 600;
      }
      .playing {
        gap: 0.25rem 0.75rem;
      }
      @media (max-width: 46rem) {
        .bars {
          order: 3;
          flex-basis: 100%;
          margin-bottom: 0.75rem;
        }
      }
    `,
  ];

  @property({ attribute: false }) bars: PlayedBar[] = [];
  @property({ type: Number }) at = 0;
  // Whether the map has drawn the present step: the next waits for it.
  @property({ type: Boolean }) drawn = true;
  @state() private going = false;
  private timer = 0;
  private since_ms = 0;

  constructor() {
    super();
    new Speaks(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.halt();
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("bars") as PlayedBar[] | undefined;
    if (before && namesOf(before) !== namesOf(this.bars)) this.halt();
  }

  override render() {
    const says = text().play;
    const bar = this.bars[this.at];
    return html`<div class="row playing">
      <button class="icon" aria-label=${says.before} title=${says.before} @click=${() => this.step(-1)}>${icons.back}</button>
      <button class="icon" aria-label=${this.going ? says.pause : says.go} title=${this.going ? says.pause : says.go} @click=${this.turn}>
        ${this.going ? icons.pause : icons.go}
      </button>
      <button class="icon" aria-label=${says.after} title=${says.after} @click=${() => this.step(1)}>${icons.on}</button>
      <div class="bars">${this.picture()} ${this.slider()}</div>
      <p class="now-is figure">
        ${bar?.name ?? ""}<br /><span class="soft small">${bar ? text().mapPage.total(count(bar.n)) : ""}</span>
      </p>
    </div>`;
  }

  private picture() {
    const most = Math.max(1, ...this.bars.map(({ n }) => n));
    return html`<svg viewBox="0 0 ${this.bars.length * 10} 100" preserveAspectRatio="none" aria-hidden="true">
      ${this.bars.map(({ n }, i) => {
        const height = n ? Math.max(3, (90 * n) / most) : 0;
        return svg`<rect class=${i === this.at ? "now" : ""} x=${i * 10 + 1} y=${92 - height} width="8" height=${height} />`;
      })}
    </svg>`;
  }

  private slider() {
    const bar = this.bars[this.at];
    return html`<input
      type="range"
      min="0"
      max=${Math.max(this.bars.length - 1, 0)}
      .value=${String(this.at)}
      aria-label=${text().play.slider}
      aria-valuetext=${bar ? `${bar.name}: ${text().mapPage.total(count(bar.n))}` : ""}
      @input=${(event: Event) => this.go(Number((event.target as HTMLInputElement).value))}
    />`;
  }

  private step(by: number): void {
    this.halt();
    this.go((this.at + by + this.bars.length) % Math.max(this.bars.length, 1));
  }

  private go(to: number): void {
    this.since_ms = performance.now();
    this.dispatchEvent(new CustomEvent("step", { detail: to }));
  }

  private readonly turn = (): void => {
    if (this.going) return this.halt();
    this.going = true;
    if (this.at === this.bars.length - 1) this.go(0);
    this.since_ms = performance.now();
    this.timer = window.setInterval(() => this.tick(), 100);
  };

  // On a machine that draws slowly time goes slowly, and none of its steps is left out.
  private tick(): void {
    const pace_ms = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_PACE_MS : PACE_MS;
    if (!this.drawn || performance.now() - this.since_ms < pace_ms) return;
    if (this.at >= this.bars.length - 1) return this.halt();
    this.go(this.at + 1);
  }

  private halt(): void {
    this.going = false;
    clearInterval(this.timer);
  }
}

// Each step hands over its bars anew: only other times are other bars.
const namesOf = (bars: readonly PlayedBar[]): string => bars.map(({ name }) => name).join();
