// The name of the product, links within the page, and the switches of language and theme.
import { LitElement, css, html } from "lit";
import { customElement, property } from "lit/decorators.js";

import "./sign-in";
import { Speaks, language, setLanguage, text, type Language } from "../language";
import { setTheme, theme } from "../theme";
import { shared } from "./styles";

@customElement("page-header")
export class PageHeader extends LitElement {
  static override styles = [
    shared,
    css`
      :host {
        border-bottom: 1px solid var(--line);
        background: var(--sheet);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1.75rem;
        max-width: 72rem;
        min-height: 3.75rem;
        margin: 0 auto;
        padding: 0.5rem 1.25rem;
      }
      :host([wide]) header {
        gap: 0.25rem 1.1rem;
        max-width: none;
      }
      :host([wide]) nav {
        gap: 1.1rem;
      }
      .name {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        font-size: 1.125rem;
        font-weight: 600;
        white-space: nowrap;
        color: var(--ink);
        text-decoration: none;
      }
      .name svg {
        width: 1.75rem;
        height: 1.75rem;
        color: var(--accent);
      }
      .name span {
        color: var(--soft);
        font-weight: 400;
      }
      nav {
        display: flex;
        flex: 1;
        gap: 1.5rem;
      }
      nav a {
        color: var(--ink);
        font-size: 0.9375rem;
        line-height: 2.75rem;
        text-decoration: none;
        white-space: nowrap;
      }
      nav a:hover {
        color: var(--accent);
        text-decoration: underline;
      }
      .switches {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        margin-left: auto;
      }
      .languages {
        display: flex;
        border: 1px solid var(--land-line);
        border-radius: 6px;
        overflow: hidden;
      }
      .switches button {
        min-height: 2.25rem;
        padding: 0.2rem 0.7rem;
        border: 0;
        border-radius: 0;
        background: transparent;
        color: var(--ink);
        font-size: 0.875rem;
        font-weight: 400;
      }
      .switches button[aria-pressed="true"] {
        background: var(--accent-wash);
        color: var(--accent);
        font-weight: 600;
      }
      .switches button:focus-visible {
        outline-offset: -2px;
      }
      .switches .theme {
        display: grid;
        width: 2.25rem;
        padding: 0;
        place-items: center;
        border: 1px solid var(--land-line);
        border-radius: 6px;
      }
      .theme svg {
        width: 1.125rem;
        height: 1.125rem;
      }
      @media (max-width: 46rem) {
        header {
          gap: 0.25rem 0.75rem;
        }
        nav {
          order: 3;
          flex-basis: 100%;
          gap: 1.1rem;
          overflow-x: auto;
        }
        nav a {
          line-height: 2.5rem;
        }
        .name {
          gap: 0.45rem;
        }
        .switches button {
          min-height: 2.5rem;
          padding: 0.2rem 0.55rem;
        }
        .switches .theme {
          width: 2.5rem;
        }
        /* What fills the window leaves as much of it as it can to what it is for. */
        :host([wide]) nav,
        :host([wide]) .name span {
          display: none;
        }
        :host([wide]) header {
          min-height: 3.25rem;
          padding: 0.25rem 0.75rem;
        }
        :host([wide]) .switches {
          display: contents;
        }
        :host([wide]) .languages {
          margin-left: auto;
        }
      }
    `,
  ];

  // Where the sections of the front page are: on this page, or on the one at this address.
  @property() home = "";
  // Whether the page fills the window.
  @property({ type: Boolean }) wide = false;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const words = text();
    return html`<header>
      <a class="name" href="/">${mark} ${words.product} <span>${words.productOther}</span></a>
      <nav aria-label=${words.nav.label}>
        <a href="/map">${words.nav.map}</a>
        <a href="${this.home}#lookup">${words.nav.lookup}</a>
        <a href="${this.home}#maps">${words.nav.maps}</a>
        <a href="${this.home}#report">${words.nav.report}</a>
        <a href="${this.home}#desks">${words.nav.desks}</a>
        <a href="/docs">${words.nav.api}</a>
      </nav>
      <div class="switches">
        <div class="languages" role="group" aria-label=${words.language.label}>
          ${this.tongue("zh", words.language.zh)} ${this.tongue("en", words.language.en)}
        </div>
        ${this.lamp()}
        <sign-in ?brief=${this.wide}></sign-in>
      </div>
    </header>`;
  }

  private tongue(to: Language, name: string) {
    return html`<button
      lang=${to}
      aria-pressed=${language() === to ? "true" : "false"}
      @click=${() => setLanguage(to)}
    >${name}</button>`;
  }

  private lamp() {
    const dark = theme() === "dark";
    const says = dark ? text().theme.toLight : text().theme.toDark;
    return html`<button class="theme" aria-label=${says} title=${says} @click=${this.turn}>${dark ? sun : moon}</button>`;
  }

  private turn(): void {
    setTheme(theme() === "dark" ? "light" : "dark");
    this.requestUpdate();
  }
}

const mark = html`<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.25" aria-hidden="true">
  <path d="M4 5h11v9H4zM19 5h9v13h-9zM4 18h11v9H4zM19 22h9v5h-9z" />
</svg>`;
const moon = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true">
  <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" stroke-linejoin="round" />
</svg>`;
const sun = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true">
  <circle cx="12" cy="12" r="4.2" />
  <path d="M12 2.5v2.6M12 18.9v2.6M2.5 12h2.6M18.9 12h2.6M5.3 5.3l1.8 1.8M16.9 16.9l1.8 1.8M5.3 18.7l1.8-1.8M16.9 7.1l1.8-1.8" stroke-linecap="round" />
</svg>`;
