// A page for whoever has the number of a report: how far it has come, and nothing of what it says.
import { Task } from "@lit/task";
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";

import "../kit/page-header";
import "../kit/state-note";
import "./stage-list";
import { shared } from "../kit/styles";
import { Speaks, language, moment, text } from "../language";
import { follow, marks, numberIn, numberOf, type Followed } from "./progress";

@customElement("track-page")
export class TrackPage extends LitElement {
  static override styles = [
    shared,
    css`
      main {
        max-width: 40rem;
        margin: 0 auto;
        padding: 1.75rem 1.25rem 3rem;
      }
      h1 {
        margin: 0 0 0.35rem;
        font-size: clamp(1.5rem, 1.2rem + 1.2vw, 1.875rem);
        font-weight: 650;
        line-height: 1.3;
      }
      form {
        margin: 1.25rem 0 1.5rem;
      }
      .row {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0.6rem;
      }
      input {
        font-family: ui-monospace, "Noto Sans Mono", monospace;
        font-size: 0.9375rem;
      }
      .card {
        overflow: hidden;
      }
      .now {
        padding: 1.25rem 1.5rem;
        border-bottom: 1px solid var(--line);
        background: var(--accent-wash);
      }
      .now strong {
        display: block;
        font-size: 1.625rem;
        font-weight: 650;
        line-height: 1.35;
      }
      .now strong::first-letter {
        text-transform: uppercase;
      }
      .due {
        display: flex;
        flex-wrap: wrap;
        gap: 0.15rem 0.75rem;
        justify-content: space-between;
        padding: 0.85rem 1.5rem;
        border-bottom: 1px solid var(--line);
      }
      .late {
        color: var(--bad);
        font-weight: 500;
      }
      stage-list {
        padding: 1.5rem;
      }
      .back {
        margin-top: 1.25rem;
      }
      @media (max-width: 30rem) {
        .row {
          grid-template-columns: minmax(0, 1fr);
        }
        input {
          padding: 0.5rem 0.6rem;
          font-size: 0.875rem;
          letter-spacing: -0.02em;
        }
        .now,
        .due {
          padding-inline: 1.125rem;
        }
        stage-list {
          padding: 1.25rem 1.125rem;
        }
      }
    `,
  ];

  @state() private typed = numberIn(location.pathname);
  @state() private number = numberOf(this.typed);
  @state() private wrong = this.typed !== "" && this.number === null;

  private readonly progress = new Task(this, {
    task: ([number], { signal }) => (number === null ? Promise.resolve(null) : follow(number, signal)),
    args: () => [this.number] as const,
  });

  constructor() {
    super();
    new Speaks(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", this.arrive);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("popstate", this.arrive);
  }

  override render() {
    const says = text().track;
    return html`<page-header home="/?lang=${language()}"></page-header>
      <main>
        <h1>${says.heading}</h1>
        <p class="soft">${says.lead}</p>
        ${this.question()}
        <div aria-live="polite">
          ${this.progress.render({
            pending: () => html`<state-note kind="loading"></state-note>`,
            error: (problem) => html`<state-note
              kind="problem"
              .problem=${problem}
              retriable
              @retry=${() => this.progress.run()}
            ></state-note>`,
            complete: (followed) => (followed ? this.card(followed) : nothing),
          })}
        </div>
        <p class="small back"><a href="/?lang=${language()}#report">${says.another}</a></p>
      </main>`;
  }

  private question() {
    const says = text().track;
    return html`<form novalidate @submit=${this.submit}>
      <label for="number">${says.number}</label>
      <div class="row">
        <input
          id="number"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          placeholder="01a20781-72c0-7de1-b3fc-…"
          .value=${this.typed}
          aria-invalid=${this.wrong ? "true" : "false"}
          aria-describedby="number-wrong"
          @input=${(event: Event) => (this.typed = (event.target as HTMLInputElement).value)}
        />
        <button>${says.submit}</button>
      </div>
      <p id="number-wrong" class="wrong">${this.wrong ? says.badNumber : nothing}</p>
    </form>`;
  }

  private card({ progress, state }: Followed) {
    const says = text().track;
    return html`<article class="sheet card">
      <div class="now">
        <span class="small soft">${says.state}</span>
        <strong>${language() === "zh" ? state.name_zh : state.name_en}</strong>
        <span class="small figure">${says.since(moment(progress.since))}</span>
      </div>
      ${progress.due_at && !state.settled ? this.due(progress.due_at) : nothing}
      <stage-list .marks=${marks(progress)} .closing=${progress.state === "refused" ? "refused" : "close"}></stage-list>
    </article>`;
  }

  private due(at: string) {
    const says = text().track;
    const late = new Date(at) < new Date();
    return html`<div class="due small">
      <span class="soft">${says.due}</span>
      <span class="figure ${late ? "late" : ""}">${moment(at)}${late ? says.late : nothing}</span>
    </div>`;
  }

  private submit(event: Event): void {
    event.preventDefault();
    const number = numberOf(this.typed);
    this.wrong = number === null;
    if (number === null) return this.renderRoot.querySelector("input")?.focus();
    if (number === this.number) return void this.progress.run();
    history.pushState(null, "", `/track/${number}?lang=${language()}`);
    this.number = number;
  }

  private readonly arrive = (): void => {
    this.typed = numberIn(location.pathname);
    this.number = numberOf(this.typed);
    this.wrong = false;
  };
}
