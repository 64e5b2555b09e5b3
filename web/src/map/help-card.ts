// What the keys do, in a dialog of its own.
import { LitElement, css, html } from "lit";
import { customElement, query } from "lit/decorators.js";

import { cardStyles } from "../kit/map/card-styles";
import { icons } from "../kit/map/icons";
import { shared } from "../kit/styles";
import { Speaks, text } from "../language";

@customElement("help-card")
export class HelpCard extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      :host {
        display: contents;
      }
      dialog {
        width: min(30rem, calc(100% - 2rem));
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--sheet);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 40%);
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.45rem 1.25rem;
        margin: 0;
        padding: 1rem;
      }
      dd {
        margin: 0;
      }
      kbd {
        padding: 0.05rem 0.45rem;
        border: 1px solid var(--land-line);
        border-radius: 4px;
        background: var(--sunken);
        font: inherit;
        font-size: 0.875rem;
      }
    `,
  ];

  @query("dialog") private readonly dialog!: HTMLDialogElement;

  constructor() {
    super();
    new Speaks(this);
  }

  open(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }

  override render() {
    const says = text().help;
    return html`<dialog aria-label=${says.heading}>
      <div class="head">
        <h2>${says.heading}</h2>
        <button class="icon" aria-label=${says.close} title=${says.close} @click=${() => this.dialog.close()}>${icons.close}</button>
      </div>
      <dl>
        ${says.keys.map(([keys, what]) => html`<dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${what}</dd>`)}
      </dl>
    </dialog>`;
  }
}
