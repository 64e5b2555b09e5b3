// What lies at the map's edges: of which time the units are, what went wrong, and whose data it is.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Trouble } from "../kit/map/trouble";
import { shared } from "../kit/styles";
import { Speaks, day, text } from "../language";
import type { Past } from "./past-field";

@customElement("map-notes")
export class MapNotes extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        position: absolute;
        inset: 0;
        pointer-events: none;
      }
      button {
        min-height: 2rem;
        margin-left: 0.5rem;
        padding: 0.05rem 0.8rem;
        font-size: 0.875rem;
      }
      .banner,
      .trouble {
        position: absolute;
        left: 50%;
        width: max-content;
        max-width: min(30rem, calc(100% - 8rem));
        padding: 0.4rem 0.9rem;
        border: 1px solid var(--note-line);
        border-radius: 8px;
        background: var(--note-wash);
        color: var(--note);
        font-size: 0.9375rem;
        transform: translateX(-50%);
        pointer-events: auto;
      }
      .banner {
        top: 0.75rem;
      }
      .trouble {
        bottom: 3rem;
        border-color: var(--bad);
        background: var(--bad-wash);
        color: var(--ink);
      }
      .sides span {
        position: absolute;
        top: 0.75rem;
        padding: 0.2rem 0.8rem;
        border-radius: 999px;
        background: var(--ink);
        color: var(--sheet);
        font-size: 0.875rem;
        transform: translateX(-50%);
      }
      .sides span:first-child {
        left: calc(var(--panel) + (100% - var(--panel)) / 4);
      }
      .sides span:last-child {
        left: calc(var(--panel) + (100% - var(--panel)) * 3 / 4);
      }
      @media (max-width: 46rem) {
        .sides span:first-child,
        .sides span:last-child {
          left: 50%;
        }
        .sides span:last-child {
          top: calc((100% - 2.9rem) / 2 + 0.75rem);
        }
      }
      .credit {
        position: absolute;
        right: 0;
        bottom: var(--map-bottom, 0);
        padding: 0.05rem 0.5rem;
        background: color-mix(in srgb, var(--sheet) 75%, transparent);
        color: var(--soft);
        font-size: 0.75rem;
      }
    `,
  ];

  @property({ attribute: false }) past: Past = { at: null, compared: false };
  @property({ attribute: false }) trouble: Trouble | null = null;
  @property({ type: Boolean }) synthetic = false;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().mapPage;
    return html`${this.edition()}
      ${this.trouble
        ? html`<p class="trouble" role="alert">
            ${says.troubles[this.trouble]}
            <button class="quiet" @click=${() => this.dispatchEvent(new CustomEvent("retry"))}>${text().retry}</button>
          </p>`
        : nothing}
      <p class="credit">${says.credit(this.synthetic)}</p>`;
  }

  private edition() {
    const { at, compared } = this.past;
    if (!at) return nothing;
    const then = day(at.slice(0, 10));
    if (compared) return html`<p class="sides"><span>${then}</span><span>${text().past.present}</span></p>`;
    return html`<p class="banner" role="status">
      ${text().past.shown(then)} <button class="quiet" @click=${this.toNow}>${text().past.now}</button>
    </p>`;
  }

  private toNow(): void {
    this.dispatchEvent(new CustomEvent<Past>("past", { detail: { at: null, compared: false } }));
  }
}
