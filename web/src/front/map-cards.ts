// A card for each kind of map, with a small drawing of the loaded data.
import { LitElement, css, html, svg } from "lit";
import { customElement, property } from "lit/decorators.js";

import { frameOf } from "../kit/drawing";
import { shared } from "../kit/styles";
import { Speaks, language, text } from "../language";
import type { League } from "./league";
import { KINDS, preview, type Kind } from "./previews";

const WIDTH = 200;

@customElement("map-cards")
export class MapCards extends LitElement {
  static override styles = [
    shared,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr));
        gap: 1.25rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      a {
        display: grid;
        grid-template-rows: auto 1fr;
        height: 100%;
        overflow: hidden;
        color: var(--ink);
        text-decoration: none;
        transition: border-color 0.12s;
      }
      a:hover {
        border-color: var(--accent);
      }
      a:hover h3 {
        color: var(--accent);
        text-decoration: underline;
        text-underline-offset: 0.2em;
      }
      .picture {
        position: relative;
        display: grid;
        height: 11.5rem;
        place-items: center;
        border-bottom: 1px solid var(--line);
        background: var(--ground);
      }
      .picture svg {
        height: 10.5rem;
        max-width: 92%;
      }
      .says {
        position: absolute;
        right: 0.6rem;
        bottom: 0.4rem;
        color: var(--soft);
        font-size: 0.75rem;
      }
      .words {
        padding: 0.9rem 1.1rem 1.1rem;
      }
      .words p {
        margin-top: 0.2rem;
      }
    `,
  ];

  @property({ attribute: false }) league: League | null = null;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<ul>
      ${KINDS.map((kind) => html`<li>${this.card(kind)}</li>`)}
    </ul>`;
  }

  private card(kind: Kind) {
    const [name, lead] = text().maps.kinds[kind] ?? [kind, ""];
    return html`<a class="sheet" href="/v1/maps/${kind}?lang=${language()}">
      <div class="picture" aria-hidden="true">${this.picture(kind)}</div>
      <div class="words">
        <h3>${name}</h3>
        <p class="soft small">${lead}</p>
      </div>
    </a>`;
  }

  private picture(kind: Kind) {
    const league = this.league;
    const frame = league && frameOf(league.regions.map(({ area }) => area), WIDTH, 6);
    const drawn = league?.regions.length && frame ? preview(kind, league, frame) : null;
    if (!drawn || !frame) return html`<span class="soft small">${text().maps.noPreview}</span>`;
    return html`<svg viewBox="0 0 ${frame.width} ${frame.height}">${svg`${drawn}`}</svg>
      <span class="says">${text().maps.preview[kind]}</span>`;
  }
}
