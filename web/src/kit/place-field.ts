// Longitude, latitude and the reference system they are in; the system is never guessed.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Speaks, text } from "../language";
import { blank, pair, placeOf, wrongs, type Draft, type Wrong } from "./place";
import type { Place } from "./shapes";
import { shared } from "./styles";

@customElement("place-field")
export class PlaceField extends LitElement {
  static override styles = [
    shared,
    css`
      fieldset {
        min-width: 0;
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0;
      }
      .row {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.75rem;
      }
      .system {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0.75rem;
        align-items: end;
        margin-top: 0.75rem;
      }
      .said {
        margin-top: 0.4rem;
      }
      @media (max-width: 30rem) {
        .system {
          grid-template-columns: 1fr;
        }
      }
    `,
  ];

  @property({ attribute: false }) draft: Draft = blank;
  @state() private asked = false;
  @state() private says = "";

  constructor() {
    super();
    new Speaks(this);
  }

  // The place, or null after showing what is wrong with it.
  take(): Place | null {
    this.asked = true;
    return placeOf(this.draft);
  }

  async toFirstWrong(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  override render() {
    const says = text().place;
    const wrong = this.asked ? wrongs(this.draft) : {};
    return html`<fieldset>
      <legend class="hidden">${says.legend}</legend>
      <div class="row">
        ${this.number("lon", says.lon, "122.0700", wrong)} ${this.number("lat", says.lat, "46.0800", wrong)}
      </div>
      <div class="system">
        <div>
          <label for="crs">${says.crs}</label>
          <select id="crs" aria-invalid=${wrong.crs ? "true" : "false"} aria-describedby="crs-wrong" @change=${this.system}>
            <option value="" ?selected=${this.draft.crs === ""}>${says.choose}</option>
            ${Object.entries(says.crsNames).map(
              ([code, name]) => html`<option value=${code} ?selected=${this.draft.crs === code}>${name}</option>`,
            )}
          </select>
        </div>
        <button type="button" class="quiet" @click=${this.mine}>${says.mine}</button>
      </div>
      <p id="crs-wrong" class="wrong">${wrong.crs ?? nothing}</p>
      <p class="soft small said" aria-live="polite">${this.says || says.hint}</p>
    </fieldset>`;
  }

  private number(name: "lon" | "lat", label: string, example: string, wrong: Wrong) {
    return html`<div>
      <label for=${name}>${label}</label>
      <input
        id=${name}
        class="figure"
        inputmode="decimal"
        autocomplete="off"
        placeholder=${example}
        .value=${this.draft[name]}
        aria-invalid=${wrong[name] ? "true" : "false"}
        aria-describedby="${name}-wrong"
        @input=${(event: Event) => this.type(name, (event.target as HTMLInputElement).value)}
        @paste=${this.paste}
      />
      <p id="${name}-wrong" class="wrong">${wrong[name] ?? nothing}</p>
    </div>`;
  }

  // What is typed by hand has no measured accuracy any more.
  private type(name: "lon" | "lat", value: string): void {
    const { lon, lat, crs } = this.draft;
    this.draft = { lon, lat, crs, [name]: value };
  }

  private system(event: Event): void {
    this.draft = { ...this.draft, crs: (event.target as HTMLSelectElement).value };
  }

  private paste(event: ClipboardEvent): void {
    const both = pair(event.clipboardData?.getData("text") ?? "");
    if (!both) return;
    event.preventDefault();
    this.draft = { lon: both[0], lat: both[1], crs: this.draft.crs };
  }

  private mine(): void {
    if (!window.isSecureContext) {
      this.says = text().place.insecure;
      return;
    }
    this.says = text().place.finding;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.here(coords),
      () => (this.says = text().place.denied),
      { enableHighAccuracy: true, timeout: 15_000 },
    );
  }

  private here({ longitude, latitude, accuracy }: GeolocationCoordinates): void {
    const accuracy_m = Math.ceil(accuracy);
    this.draft = { lon: longitude.toFixed(6), lat: latitude.toFixed(6), crs: "EPSG:4326", accuracy_m };
    this.says = text().place.accuracy(String(accuracy_m));
  }
}
