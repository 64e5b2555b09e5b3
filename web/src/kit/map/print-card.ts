// A map for paper: its title, a preview, and the ways to keep it, as a PNG or by the browser's printing, a PDF too.
import { LitElement, css, html } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { Speaks, text } from "../../language";
import "../state-note";
import { shared } from "../styles";
import { cardStyles } from "./card-styles";
import { icons } from "./icons";
import { blobOf, picture, type Sheet } from "./picture";
import { save } from "./save";

const PRINTED = "wangge-printed";

@customElement("print-card")
export class PrintCard extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      :host {
        display: contents;
      }
      dialog {
        width: min(52rem, calc(100% - 1.5rem));
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--sheet);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 40%);
      }
      img {
        display: block;
        width: 100%;
        aspect-ratio: 1123 / 794;
        margin: 0.8rem 0;
        border: 1px solid var(--line);
        background: #ffffff;
      }
      .row input {
        flex: 1;
        min-width: 12rem;
      }
      .wait {
        display: grid;
        aspect-ratio: 1123 / 794;
        margin: 0.8rem 0;
        place-content: center;
        background: var(--sunken);
      }
    `,
  ];

  // Makes the sheet under a title.
  @property({ attribute: false }) sheet!: (title: string) => Promise<Sheet>;
  @state() private titled = "";
  @state() private made: { blob: Blob; url: string } | null = null;
  @state() private problem = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  constructor() {
    super();
    new Speaks(this);
  }

  open(title: string): void {
    this.titled = title;
    if (!this.dialog.open) this.dialog.showModal();
    void this.make();
  }

  override render() {
    const says = text().print;
    return html`<dialog aria-label=${says.heading} @close=${this.clear}>
      <div class="head">
        <h2>${says.heading}</h2>
        <button class="icon" aria-label=${says.close} title=${says.close} @click=${() => this.dialog.close()}>${icons.close}</button>
      </div>
      <div class="body">
        <form class="row" @submit=${this.again}>
          <input class="small" maxlength="60" aria-label=${says.title} .value=${this.titled} @input=${this.name} />
          <button class="quiet small">${says.again}</button>
        </form>
        ${this.made ? html`<img src=${this.made.url} alt=${this.titled} />` : html`<div class="wait">${this.waiting()}</div>`}
        <div class="row">
          <button class="small" ?disabled=${!this.made} @click=${this.keep}>${says.png}</button>
          <button class="quiet small" ?disabled=${!this.made} @click=${this.print}>${says.pdf}</button>
          <span class="soft small">${says.hint}</span>
        </div>
      </div>
    </dialog>`;
  }

  private waiting() {
    return this.problem
      ? html`<p role="alert">${text().print.failed}</p>`
      : html`<p class="soft" role="status">${text().print.making}</p>`;
  }

  private name(event: Event): void {
    this.titled = (event.target as HTMLInputElement).value;
  }

  private again(event: Event): void {
    event.preventDefault();
    void this.make();
  }

  private async make(): Promise<void> {
    this.clear();
    this.problem = false;
    try {
      const blob = await blobOf(await picture(await this.sheet(this.titled)));
      this.made = { blob, url: URL.createObjectURL(blob) };
    } catch {
      this.problem = true;
    }
  }

  private keep(): void {
    if (this.made) save(this.made.blob, `${this.titled || "wangge"}.png`);
  }

  // The sheet stands in the page itself while it is printed; its styles hide all else (see base.css).
  private async print(): Promise<void> {
    if (!this.made) return;
    const sheet = document.createElement("img");
    sheet.className = PRINTED;
    sheet.src = this.made.url;
    document.body.append(sheet);
    await sheet.decode();
    addEventListener("afterprint", () => sheet.remove(), { once: true });
    window.print();
  }

  private clear(): void {
    if (this.made) URL.revokeObjectURL(this.made.url);
    this.made = null;
  }
}
