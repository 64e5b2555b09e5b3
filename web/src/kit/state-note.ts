// What stands where content would: still loading, nothing there, or an error with a way out.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { Speaks, text } from "../language";
import { Refused } from "./api";
import { shared } from "./styles";

@customElement("state-note")
export class StateNote extends LitElement {
  static override styles = [
    shared,
    css`
      div {
        padding: 1rem 1.125rem;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--sunken);
      }
      .bad {
        border-color: var(--bad);
        background: var(--bad-wash);
      }
      strong {
        font-weight: 600;
      }
      button {
        margin-top: 0.75rem;
      }
      code {
        display: inline-block;
        margin-top: 0.5rem;
        padding: 0.25rem 0.6rem;
        border: 1px solid var(--line);
        border-radius: 5px;
        background: var(--sheet);
        font-size: 0.9375rem;
        user-select: all;
      }
    `,
  ];

  @property({ attribute: false }) problem: unknown = null;
  @property() kind: "loading" | "empty" | "problem" = "loading";
  @property({ type: Boolean }) retriable = false;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    if (this.kind === "loading") return html`<div role="status" class="soft">${text().loading}</div>`;
    return this.kind === "empty" ? this.empty() : this.wrong();
  }

  private empty() {
    const { title, detail, command } = text().empty;
    return html`<div role="status"><p><strong>${title}</strong></p><p>${detail}</p><code>${command}</code></div>`;
  }

  private wrong() {
    const { title, detail } = this.problem instanceof Refused ? this.problem : text().unexpected;
    return html`<div class="bad" role="alert">
      <p><strong>${title}</strong></p>
      ${detail ? html`<p>${detail}</p>` : nothing}
      ${this.retriable ? html`<button class="quiet" @click=${this.retry}>${text().retry}</button>` : nothing}
    </div>`;
  }

  private retry(): void {
    this.dispatchEvent(new Event("retry"));
  }
}
