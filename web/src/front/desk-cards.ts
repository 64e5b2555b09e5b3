// What a desk may open already, and the desks to come: what each will do and for whom, without links.
import { LitElement, css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";

import { Admits, may } from "../kit/session";
import { shared } from "../kit/styles";
import { Speaks, language, text } from "../language";

@customElement("desk-cards")
export class DeskCards extends LitElement {
  static override styles = [
    shared,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
        margin: 0;
        padding: 0;
        list-style: none;
        border-top: 1px solid var(--line);
      }
      li {
        padding: 1.1rem 1.25rem 1.25rem 0;
      }
      .open {
        display: block;
        margin-bottom: 1.5rem;
        padding: 1rem 1.25rem 1.1rem;
        color: var(--ink);
        text-decoration: none;
      }
      .open:hover {
        border-color: var(--accent);
      }
      .open:hover h3 {
        color: var(--accent);
        text-decoration: underline;
        text-underline-offset: 0.2em;
      }
      .top {
        display: flex;
        align-items: baseline;
        gap: 0.6rem;
      }
      .coming {
        padding: 0 0.5rem;
        border: 1px solid var(--line);
        border-radius: 4px;
        color: var(--soft);
        font-size: 0.75rem;
        line-height: 1.6;
        white-space: nowrap;
      }
      .whom {
        margin: 0.1rem 0 0.4rem;
      }
      @media (max-width: 34rem) {
        li {
          border-bottom: 1px solid var(--line);
          padding-right: 0;
        }
      }
    `,
  ];

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
  }

  override render() {
    const { list, coming } = text().desks;
    return html`${may("incident.settle") ? this.doubts() : nothing}
      <ul>
      ${list.map(
        ([name, whom, does]) => html`<li>
          <div class="top"><h3>${name}</h3><span class="coming">${coming}</span></div>
          <p class="soft small whom">${whom}</p>
          <p class="small">${does}</p>
        </li>`,
      )}
    </ul>`;
  }

  private doubts() {
    const { heading, card } = text().doubts;
    return html`<a class="sheet open" href="/doubts?lang=${language()}">
      <h3>${heading}</h3>
      <p class="soft small">${card}</p>
    </a>`;
  }
}
