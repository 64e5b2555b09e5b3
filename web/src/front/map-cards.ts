// A card for each kind of map, with a small drawing of the loaded data.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { Admits, askToSignIn, may } from "../kit/session";
import { shared } from "../kit/styles";
import { Speaks, language, text } from "../language";
import type { League } from "./league";
import { KINDS, framed, preview, type Kind } from "./previews";

const WIDTH = 200;
// Stations are published; every other map shows incidents.
const OPEN: Partial<Record<Kind, string>> = { coverage: "station.read", routes: "route.read" };

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
        display: grid;
        grid-template-rows: 1fr auto;
        height: 12.5rem;
        place-items: center;
        padding-top: 0.5rem;
        border-bottom: 1px solid var(--line);
        background: var(--ground);
      }
      .picture svg {
        height: 10rem;
        max-width: 92%;
      }
      .says {
        justify-self: end;
        padding: 0 0.7rem 0.2rem;
        color: var(--soft);
        font-size: 0.75rem;
      }
      .needed {
        margin-left: 0.4rem;
        padding: 0.05rem 0.45rem;
        border: 1px solid var(--land-line);
        border-radius: 999px;
        color: var(--soft);
        font-size: 0.75rem;
        font-weight: 400;
      }
      .none {
        padding: 0 0.75rem;
        text-align: center;
      }
      .words {
        padding: 0.9rem 1.1rem 1.1rem;
      }
      .words p {
        margin-top: 0.2rem;
      }
      @media (max-width: 34rem) {
        ul {
          gap: 0.75rem;
        }
        a {
          grid-template-columns: 7.5rem 1fr;
          grid-template-rows: auto;
        }
        .picture {
          height: 100%;
          min-height: 7.5rem;
          padding: 0;
          border-right: 1px solid var(--line);
          border-bottom: 0;
        }
        .picture svg {
          width: 6.5rem;
          height: auto;
          max-height: 6.5rem;
        }
        .says {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) league: League | null = null;

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
  }

  override render() {
    return html`<ul>
      ${KINDS.map((kind) => html`<li>${this.card(kind)}</li>`)}
    </ul>`;
  }

  private card(kind: Kind) {
    const [name, lead] = text().maps.kinds[kind] ?? [kind, ""];
    const open = may(OPEN[kind] ?? "map.read");
    return html`<a class="sheet" href=${address(kind)} @click=${open ? nothing : ask}>
      <div class="picture" aria-hidden="true">${this.picture(kind)}</div>
      <div class="words">
        <h3>${name} ${open ? nothing : html`<span class="needed">${text().signIn.needed}</span>`}</h3>
        <p class="soft small">${lead}</p>
      </div>
    </a>`;
  }

  private instead(kind: Kind): string {
    const { noPreview, tooMany } = text().maps;
    const byArea = kind === "rates" || kind === "incidents";
    return byArea && this.league?.summary.incidents.total && !this.league.regions.length ? tooMany : noPreview;
  }

  private picture(kind: Kind) {
    const league = this.league;
    const drawn = league && preview(kind, league, framed(league, WIDTH, 6));
    if (!drawn) return html`<span class="soft small none">${this.instead(kind)}</span>`;
    return html`<svg viewBox="0 0 ${drawn.width} ${drawn.height}">${drawn.shapes}</svg>
      <span class="says">${text().maps.preview[kind]}</span>`;
  }
}

const address = (kind: Kind): string => `/v1/maps/${kind}?lang=${language()}`;

function ask(event: Event): void {
  event.preventDefault();
  askToSignIn((event.currentTarget as HTMLAnchorElement).href);
}
