// Lengths and areas of what is clicked on a map, point by point.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { Speaks, figure, text } from "../../language";
import { shared } from "../styles";
import { cardStyles } from "./card-styles";
import type { Point } from "./compose";
import { icons } from "./icons";
import { areaOf, lengthOf, metres, squareMetres } from "./measure";

@customElement("measure-card")
export class MeasureCard extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.1rem 1rem;
        align-items: baseline;
        margin: 0.8rem 0;
      }
      dd {
        margin: 0;
        font-size: 1.25rem;
        font-weight: 600;
      }
    `,
  ];

  @property({ attribute: false }) points: readonly Point[] = [];
  @property({ type: Boolean }) closed = false;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().measure;
    return html`<div class="head">
        <h2>${says.heading}</h2>
        <button class="icon" aria-label=${says.close} title=${says.close} @click=${() => this.say("close")}>${icons.close}</button>
      </div>
      <div class="body">
        <div class="row" role="group" aria-label=${says.heading}>${this.way(false, says.length)} ${this.way(true, says.area)}</div>
        <dl class="figure" aria-live="polite">${this.closed ? this.area() : this.line(says.length, lengthOf(this.points))}</dl>
        ${this.points.length ? this.buttons() : html`<p class="soft small">${says.hint}</p>`}
      </div>`;
  }

  private way(closed: boolean, name: string) {
    const chosen = this.closed === closed;
    return html`<button class="small ${chosen ? "" : "quiet"}" aria-pressed=${chosen} @click=${() => this.say("shape", closed)}>
      ${name}
    </button>`;
  }

  private area() {
    const says = text().measure;
    return html`<dt class="soft small">${says.area}</dt>
      <dd>${squareMetres(areaOf(this.points), figure)}</dd>
      ${this.line(says.around, lengthOf(this.points, true))}`;
  }

  private line(name: string, length: number) {
    return html`<dt class="soft small">${name}</dt>
      <dd>${metres(length, figure)}</dd>`;
  }

  private buttons() {
    const says = text().measure;
    return html`<div class="row">
      <button class="quiet small" @click=${() => this.say("undo")}>${says.undo}</button>
      <button class="quiet small" @click=${() => this.say("clear")}>${says.clear}</button>
      ${this.closed ? html`<span class="soft small">${says.points(String(this.points.length))}</span>` : nothing}
    </div>`;
  }

  private say(name: string, detail: unknown = null): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
