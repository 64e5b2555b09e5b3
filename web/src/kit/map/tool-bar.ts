// The buttons at the map's edge: where it looks, and the tools that open over it.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { icons } from "./icons";
import { shared } from "../styles";
import { Speaks, text } from "../../language";

export type Tool = "measure" | "play" | "table" | "print" | "help";
export type Wish = "zoomIn" | "zoomOut" | "home" | Tool;

@customElement("tool-bar")
export class ToolBar extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: 0.6rem;
      }
      div {
        display: grid;
        overflow: hidden;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--sheet);
        box-shadow: 0 2px 10px rgb(0 0 0 / 12%);
      }
      button {
        display: grid;
        width: 2.5rem;
        min-height: 2.5rem;
        padding: 0;
        place-items: center;
        border: 0;
        border-radius: 0;
        background: var(--sheet);
        color: var(--ink);
      }
      button:hover {
        background: var(--sunken);
        filter: none;
      }
      button:focus-visible {
        outline-offset: -3px;
      }
      button + button {
        border-top: 1px solid var(--line);
      }
      button[aria-pressed="true"] {
        background: var(--accent-wash);
        color: var(--accent);
      }
      @media (pointer: coarse) {
        button {
          width: 2.75rem;
          min-height: 2.75rem;
        }
      }
    `,
  ];

  @property({ attribute: false }) open: Tool | null = null;
  @property({ attribute: false }) tools: readonly Tool[] = [];

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().mapPage;
    return html`<div role="group" aria-label=${says.looks}>
        ${this.button("zoomIn", "zoomIn")} ${this.button("zoomOut", "zoomOut")} ${this.button("home", "home")}
      </div>
      ${this.tools.length
        ? html`<div role="group" aria-label=${says.tools}>${this.tools.map((tool) => this.button(tool, tool))}</div>`
        : nothing}`;
  }

  private button(wish: Wish, icon: keyof typeof icons) {
    const name = text().mapPage.buttons[wish];
    const lasting = wish === "measure" || wish === "play" || wish === "table";
    const say = () => this.dispatchEvent(new CustomEvent("wish", { detail: wish }));
    return lasting
      ? html`<button title=${name} aria-label=${name} aria-pressed=${this.open === wish} @click=${say}>${icons[icon]}</button>`
      : html`<button title=${name} aria-label=${name} @click=${say}>${icons[icon]}</button>`;
  }
}
