// The desks to come: what each will do and for whom. No links, since there is nothing behind them yet.
import { LitElement, css, html } from "lit";
import { customElement } from "lit/decorators.js";

import { shared } from "../kit/styles";
import { Speaks, text } from "../language";

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
  }

  override render() {
    const { list, coming } = text().desks;
    return html`<ul>
      ${list.map(
        ([name, whom, does]) => html`<li>
          <div class="top"><h3>${name}</h3><span class="coming">${coming}</span></div>
          <p class="soft small whom">${whom}</p>
          <p class="small">${does}</p>
        </li>`,
      )}
    </ul>`;
  }
}
