// The league on one map.
import { LitElement, css, html } from "lit";
import { customElement } from "lit/decorators.js";

import "../kit/map/grid-map";
import type { Bounds } from "../kit/map/grid-map";
import { shared } from "../kit/styles";

@customElement("map-page")
export class MapPage extends LitElement {
  static override styles = [
    shared,
    css`
      grid-map {
        height: 100dvh;
      }
    `,
  ];

  override render() {
    const bounds: Bounds = [119.5, 44.2, 123.7, 47.4];
    return html`<grid-map .bounds=${bounds}></grid-map>`;
  }
}
