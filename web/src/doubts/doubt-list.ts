// What waits, newest first: one is chosen by click, or with the arrow keys.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { shared } from "../kit/styles";
import { Speaks, count, moment, text } from "../language";
import { reasonsOf } from "./reasons";
import type { Doubted } from "./queue";

@customElement("doubt-list")
export class DoubtList extends LitElement {
  static override styles = [
    shared,
    css`
      ol {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li button {
        display: grid;
        gap: 0.1rem;
        width: 100%;
        padding: 0.7rem 1.25rem;
        border: 0;
        border-bottom: 1px solid var(--line);
        border-left: 4px solid transparent;
        border-radius: 0;
        background: transparent;
        color: var(--ink);
        font-weight: 400;
        line-height: 1.45;
        text-align: left;
      }
      li button:hover {
        background: var(--sunken);
        filter: none;
      }
      li button[aria-current="true"] {
        border-left-color: var(--accent);
        background: var(--accent-wash);
      }
      li button:focus-visible {
        outline-offset: -3px;
      }
      strong {
        overflow: hidden;
        font-weight: 600;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .more {
        padding: 0.9rem 1.25rem 1.25rem;
      }
      .more button {
        width: 100%;
      }
    `,
  ];

  @property({ attribute: false }) items: readonly Doubted[] = [];
  @property() chosen: string | null = null;
  // Whether there are more than these.
  @property({ type: Boolean }) more = false;
  @property({ type: Boolean }) busy = false;

  constructor() {
    super();
    new Speaks(this);
  }

  // To the chosen one, or to the first.
  override focus(): void {
    const button = this.renderRoot.querySelector<HTMLElement>("[aria-current=true]") ?? this.renderRoot.querySelector("button");
    button?.focus();
  }

  override render() {
    const says = text().doubts;
    return html`<ol aria-label=${says.heading} @keydown=${this.steer}>
        ${this.items.map((each) => this.row(each))}
      </ol>
      <div class="more">
        ${this.more
          ? html`<button class="quiet" ?disabled=${this.busy} @click=${() => this.dispatchEvent(new Event("more"))}>${says.more}</button>`
          : html`<p class="soft small">${says.all(count(this.items.length))}</p>`}
      </div>`;
  }

  private row(each: Doubted) {
    const isChosen = each.id === this.chosen;
    return html`<li>
      <button aria-current=${isChosen ? "true" : "false"} @click=${() => this.choose(each)}>
        <strong>${each.title}</strong>
        <span class="small">${reasonsOf(each).join(text().doubts.join)}</span>
        <span class="soft small figure">${each.unit_name ?? nothing} · ${moment(each.received_at)}</span>
      </button>
    </li>`;
  }

  private steer(event: KeyboardEvent): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const buttons = [...this.renderRoot.querySelectorAll<HTMLButtonElement>("ol button")];
    const at = buttons.findIndex((button) => button.matches(":focus"));
    const next = this.items[at + step];
    if (!next) return;
    buttons[at + step]?.focus();
    this.choose(next);
  }

  private choose(each: Doubted): void {
    this.dispatchEvent(new CustomEvent("chosen", { detail: each.id }));
  }
}
