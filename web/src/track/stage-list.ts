// The loop of an incident as a line of stages: behind it, where it is, and still to come.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { shared } from "../kit/styles";
import { Speaks, moment, text } from "../language";
import type { Mark } from "./progress";

@customElement("stage-list")
export class StageList extends LitElement {
  static override styles = [
    shared,
    css`
      ol {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        position: relative;
        display: grid;
        grid-template-columns: 1.75rem minmax(0, 1fr);
        gap: 0 0.85rem;
        min-height: 3.6rem;
      }
      li:last-child {
        min-height: 0;
      }
      li:not(:last-child)::before {
        position: absolute;
        top: 1.75rem;
        bottom: 0;
        left: calc(0.875rem - 1px);
        border-left: 2px solid var(--line);
        content: "";
      }
      li.done:not(:last-child)::before,
      li.skipped:not(:last-child)::before {
        border-color: var(--accent);
      }
      .dot {
        display: grid;
        width: 1.75rem;
        height: 1.75rem;
        place-items: center;
        border: 2px solid var(--line);
        border-radius: 50%;
        background: var(--sheet);
        color: var(--soft);
        font-size: 0.8125rem;
        line-height: 1;
      }
      .done .dot {
        border-color: var(--accent);
        color: var(--accent);
      }
      .now .dot {
        border-color: var(--accent);
        background: var(--accent);
        color: var(--accent-ink);
        box-shadow: 0 0 0 4px var(--accent-wash);
      }
      .skipped .dot {
        border-style: dashed;
      }
      svg {
        width: 0.9rem;
        height: 0.9rem;
      }
      .name {
        font-weight: 500;
        line-height: 1.75rem;
      }
      .now .name {
        font-weight: 650;
      }
      .ahead .name,
      .skipped .name {
        color: var(--soft);
        font-weight: 400;
      }
      .small {
        line-height: 1.4;
      }
      li:not(:last-child) .when {
        padding-bottom: 0.75rem;
      }
    `,
  ];

  @property({ attribute: false }) marks: Mark[] = [];
  @property({ attribute: false }) closing: "close" | "refused" = "close";

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<ol aria-label=${text().track.loop}>
      ${this.marks.map((mark, place) => this.stage(mark, place + 1))}
    </ol>`;
  }

  private stage({ stage, at, standing }: Mark, number: number) {
    const says = text().track;
    return html`<li class=${standing} aria-current=${standing === "now" ? "step" : nothing}>
      <span class="dot" aria-hidden="true">${standing === "done" ? tick : number}</span>
      <div>
        <div class="name">${stage === "close" ? says.stages[this.closing] : says.stages[stage]}</div>
        <div class="small soft figure when">${at ? moment(at) : standing === "skipped" ? says.skipped : nothing}</div>
      </div>
    </li>`;
  }
}

const tick = html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="2.4" aria-hidden="true">
  <path d="M3 8.5l3.2 3.2L13 4.8" stroke-linecap="round" stroke-linejoin="round" />
</svg>`;
