// Which edition of the units is shown: the one in force, or that of a day in the past; both beside each other if wished.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { shared } from "../kit/styles";
import { Speaks, text } from "../language";

// The instant whose edition is shown, the present if null; and whether it lies beside the present one.
export interface Past {
  at: string | null;
  compared: boolean;
}

@customElement("past-field")
export class PastField extends LitElement {
  static override styles = [
    shared,
    css`
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        align-items: center;
      }
      input[type="date"] {
        flex: 1;
        min-width: 9rem;
        min-height: 2.4rem;
        padding: 0.3rem 0.5rem;
        font-size: 0.875rem;
      }
      button {
        min-height: 2.4rem;
        padding: 0.15rem 0.8rem;
        font-size: 0.875rem;
      }
    `,
  ];

  // An instant; the present if null.
  @property() at: string | null = null;
  @property({ type: Boolean }) compared = false;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().past;
    return html`<label for="at">${says.label}</label>
      <div class="row">
        <input id="at" type="date" max=${today()} .value=${this.at?.slice(0, 10) ?? ""} @change=${this.choose} />
        ${this.at
          ? html`<button class="quiet" aria-pressed=${this.compared} @click=${() => this.say(this.at, !this.compared)}>
                ${this.compared ? says.alone : says.beside}
              </button>
              <button class="quiet" @click=${() => this.say(null, false)}>${says.now}</button>`
          : nothing}
      </div>`;
  }

  // The end of the day, by the reader's clock.
  private choose(event: Event): void {
    const day = (event.target as HTMLInputElement).value;
    this.say(day ? endOf(day) : null, this.compared && day !== "");
  }

  private say(at: string | null, compared: boolean): void {
    this.dispatchEvent(new CustomEvent<Past>("past", { detail: { at, compared } }));
  }
}

const today = (): string => new Date().toLocaleDateString("sv");

export function endOf(day: string): string {
  const ahead_min = -new Date(`${day}T23:59:59`).getTimezoneOffset();
  const two = (value: number): string => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${day}T23:59:59${ahead_min < 0 ? "-" : "+"}${two(ahead_min / 60)}:${two(ahead_min % 60)}`;
}
