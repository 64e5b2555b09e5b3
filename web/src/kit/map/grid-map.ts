// The one map of the product: MapLibre over our own tiles, in the page's language and theme.
import { LitElement, css, html, unsafeCSS, type PropertyValues } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { Map as Drawing, setWorkerUrl } from "maplibre-gl";
import libraryStyles from "maplibre-gl/dist/maplibre-gl.css?inline";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { Speaks, language } from "../../language";
import { theme } from "../../theme";

setWorkerUrl(worker);

export type Bounds = [number, number, number, number];

@customElement("grid-map")
export class GridMap extends LitElement {
  static override styles = [
    unsafeCSS(libraryStyles),
    css`
      :host {
        display: block;
        position: relative;
      }
      .drawing {
        position: absolute;
        inset: 0;
      }
    `,
  ];

  @property({ attribute: false }) bounds: Bounds | null = null;
  @query(".drawing") private readonly place!: HTMLElement;

  drawing: Drawing | null = null;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<div class="drawing"></div>`;
  }

  protected override firstUpdated(_changed: PropertyValues<this>): void {
    this.drawing = new Drawing({
      container: this.place,
      style: `/tiles/styles/${theme()}.json?lang=${language()}`,
      ...(this.bounds ? { bounds: this.bounds } : {}),
      fadeDuration: 0,
    });
  }
}
