// The map of a city with more parts than the front page draws by itself: out of tiles, and read only where it is needed.
import { Task } from "@lit/task";
import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Point } from "../kit/map/compose";
import type { Picked } from "../kit/map/grid-map";
import { described } from "../kit/map/ground";
import type { Place } from "../kit/shapes";
import "../kit/state-note";
import { shared } from "../kit/styles";
import { Speaks, text } from "../language";

@customElement("tile-map")
export class TileMap extends LitElement {
  static override styles = [
    shared,
    css`
      figure {
        margin: 0;
        padding: 0.75rem 0.75rem 0.9rem;
      }
      grid-map {
        display: block;
        height: 30rem;
        border-radius: 6px;
        overflow: hidden;
      }
      figcaption {
        padding: 0.6rem 0.25rem 0;
      }
    `,
  ];

  @property({ attribute: false }) point: Point | null = null;

  private readonly ready = new Task(this, {
    task: async () => {
      const [{ bounds }] = await Promise.all([described("units"), import("../kit/map/grid-map")]);
      return bounds;
    },
    args: () => [],
  });

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<figure class="sheet">
      ${this.ready.render({
        pending: () => html`<state-note kind="loading"></state-note>`,
        error: (problem) => html`<state-note kind="problem" .problem=${problem} retriable @retry=${() => this.ready.run()}></state-note>`,
        complete: (bounds) => html`<grid-map pointing .bounds=${bounds} .pin=${this.point} @point=${this.pick}></grid-map>`,
      })}
      <figcaption class="soft small">${text().map.pick}</figcaption>
    </figure>`;
  }

  private pick({ detail: { lon, lat } }: CustomEvent<Picked>): void {
    const place: Place = { lon: round(lon), lat: round(lat), crs: "EPSG:4326" };
    this.dispatchEvent(new CustomEvent("pick", { detail: place }));
  }
}

// Five decimals are a metre, about what a click means.
const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
