// The front page: what this is, what is loaded, and the ways on from here.
import { Task } from "@lit/task";
import { LitElement, css, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import "../kit/page-header";
import "../kit/state-note";
import "./desk-cards";
import "./league-map";
import "./map-cards";
import "./report-form";
import "./tile-map";
import "../kit/unit-lookup";
import { shared } from "../kit/styles";
import type { Place } from "../kit/shapes";
import { Speaks, language, nameOf, text } from "../language";
import type { Answer } from "../kit/answers";
import { syntheticKinds } from "./league-figures";
import { isEmpty, loadLeague, type League } from "./league";
import type { UnitLookup } from "../kit/unit-lookup";

@customElement("front-page")
export class FrontPage extends LitElement {
  static override styles = [
    shared,
    css`
      .skip {
        position: absolute;
        left: -99rem;
      }
      .skip:focus {
        left: 1rem;
        top: 0.5rem;
        padding: 0.5rem 1rem;
        background: var(--sheet);
      }
      main {
        max-width: 72rem;
        margin: 0 auto;
        padding: 0 1.25rem;
      }
      .top {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1.02fr);
        gap: 1.5rem 2.5rem;
        align-items: start;
        padding: 2.5rem 0 0;
      }
      .top.alone {
        grid-template-columns: minmax(0, 44rem);
      }
      h1 {
        margin: 0 0 0.75rem;
        font-size: clamp(1.625rem, 1.2rem + 1.6vw, 2.25rem);
        font-weight: 650;
        line-height: 1.3;
        text-wrap: balance;
      }
      .lead {
        max-width: 36rem;
        color: var(--soft);
      }
      .lookup {
        margin-top: 1.5rem;
      }
      league-map {
        position: sticky;
        top: 1rem;
      }
      .synthetic {
        display: flex;
        flex-wrap: wrap;
        gap: 0.15rem 0.75rem;
        align-items: baseline;
        margin-top: 1.5rem;
        padding: 0.7rem 1rem;
        border: 1px solid var(--note-line);
        border-radius: 8px;
        background: var(--note-wash);
        color: var(--note);
      }
      .figures {
        margin-top: 1.5rem;
        padding: 1.5rem;
      }
      section {
        padding-top: 3.25rem;
      }
      .intro {
        max-width: 44rem;
        margin: 0.35rem 0 1.25rem;
      }
      .form {
        padding: 1.5rem;
      }
      .follow {
        margin-top: 0.85rem;
      }
      footer {
        margin-top: 4rem;
        border-top: 1px solid var(--line);
        background: var(--sheet);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem 1.75rem;
        max-width: 72rem;
        margin: 0 auto;
        padding: 1.5rem 1.25rem 2rem;
      }
      .foot span {
        flex: 1 1 20rem;
      }
      @media (max-width: 56rem) {
        .top {
          grid-template-columns: minmax(0, 1fr);
        }
        .top {
          padding-top: 1.5rem;
        }
        league-map {
          position: static;
        }
        section {
          padding-top: 2.5rem;
        }
        .figures,
        .form {
          padding: 1.125rem;
        }
      }
    `,
  ];

  @state() private found: { point: [number, number] | null; unitIds: number[] } | null = null;
  @query("unit-lookup") private readonly lookup!: UnitLookup;

  private readonly league = new Task(this, { task: (_, { signal }) => loadLeague(signal), args: () => [] });

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<a class="skip" href="#lookup">${text().skip}</a>
      <page-header></page-header>
      <main>${this.top()} ${this.loaded()} ${this.sections()}</main>
      ${this.footer()}`;
  }

  private get loadedLeague(): League | null {
    const league = this.league.value;
    return league && !isEmpty(league.summary) ? league : null;
  }

  private get place(): string | null {
    const summary = this.loadedLeague?.summary;
    return summary?.name ? nameOf({ name: summary.name, name_en: summary.name_en }) : null;
  }

  private top() {
    return html`<div class="top ${this.loadedLeague ? "" : "alone"}">
      <div>
        <h1>${text().heading(this.place)}</h1>
        <p class="lead">${text().sentence}</p>
        <unit-lookup id="lookup" class="sheet lookup" .parts=${this.loadedLeague?.summary.parts ?? []} @found=${this.mark}></unit-lookup>
      </div>
      ${this.loadedLeague ? this.map(this.loadedLeague) : nothing}
    </div>`;
  }

  private map({ regions, summary }: League) {
    const ask = ({ detail }: CustomEvent<Place>) => this.lookup.at(detail);
    if (!regions.length) return html`<tile-map .point=${this.found?.point ?? null} @pick=${ask}></tile-map>`;
    return html`<league-map
      .regions=${regions}
      .cells=${summary.incident_cells}
      .place=${this.place ?? ""}
      .found=${this.found}
      @pick=${ask}
    ></league-map>`;
  }

  private loaded() {
    return this.league.render({
      pending: () => html`<div class="figures"><state-note kind="loading"></state-note></div>`,
      error: (problem) => html`<div class="figures">
        <state-note kind="problem" .problem=${problem} retriable @retry=${() => this.league.run()}></state-note>
      </div>`,
      complete: (league) =>
        isEmpty(league.summary)
          ? html`<div class="figures"><state-note kind="empty"></state-note></div>`
          : this.figures(league),
    });
  }

  private figures({ summary }: League) {
    const kinds = syntheticKinds(summary);
    const says = text().synthetic;
    return html`${kinds.length
        ? html`<div class="synthetic" role="note">
            <strong>${says.mark}</strong><span class="small">${says.meaning}${kinds.join(says.join)}</span>
          </div>`
        : nothing}
      <div class="sheet figures">
        <h2 class="hidden">${text().figures.heading}</h2>
        <league-figures .summary=${summary}></league-figures>
      </div>`;
  }

  private sections() {
    const { maps, report, desks } = text();
    return html`<section id="maps">
        <h2>${maps.heading}</h2>
        <p class="soft intro">${maps.lead}</p>
        <map-cards .league=${this.loadedLeague}></map-cards>
      </section>
      <section id="report">
        <h2>${report.heading}</h2>
        <p class="soft intro">${report.lead}</p>
        <report-form class="sheet form"></report-form>
        <p class="small follow"><a href="/track?lang=${language()}">${report.follow}</a></p>
      </section>
      <section id="desks">
        <h2>${desks.heading}</h2>
        <p class="soft intro">${desks.lead}</p>
        <desk-cards></desk-cards>
      </section>`;
  }

  private footer() {
    const says = text().footer;
    return html`<footer>
      <div class="foot small">
        <span class="soft">${says.promise}</span>
        <a href="/docs">${says.api}</a>
        <a href="/health/ready">${says.health}</a>
        <a href="/third-party-notices.txt">${says.notices}</a>
      </div>
    </footer>`;
  }

  private mark({ detail }: CustomEvent<Answer>): void {
    this.found = { point: detail.point, unitIds: detail.units.map(({ unit_id }) => unit_id) };
  }
}
