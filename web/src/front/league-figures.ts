// The figures of what is loaded, with a plain mark on what is synthetic.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Counted, Summary } from "../kit/shapes";
import { shared } from "../kit/styles";
import { Speaks, count, day, text } from "../language";

@customElement("league-figures")
export class LeagueFigures extends LitElement {
  static override styles = [
    shared,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
        gap: 1.25rem 1.5rem;
        margin: 0;
      }
      dl + dl {
        align-items: end;
        margin-top: 1.25rem;
        padding-top: 1.25rem;
        border-top: 1px solid var(--line);
      }
      dl.wide {
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
      }
      dt {
        color: var(--soft);
        font-size: 0.875rem;
      }
      dd {
        margin: 0;
      }
      .number {
        font-size: 1.625rem;
        font-weight: 600;
        line-height: 1.35;
        font-variant-numeric: tabular-nums;
      }
      .wide .number {
        font-size: 2rem;
      }
      .period {
        margin-top: 1.25rem;
      }
      @media (max-width: 34rem) {
        dl:not(.wide) {
          grid-template-columns: 1fr 1fr;
        }
      }
    `,
  ];

  @property({ attribute: false }) summary!: Summary;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const { units, incidents } = this.summary;
    return html`<dl class="wide">${this.incidents()} ${this.teams()} ${this.stations()}</dl>
      <dl>${units.map(({ kind, total }) => this.item(text().figures.levels[kind] ?? kind, total))}</dl>
      ${incidents.first_on && incidents.last_on
        ? html`<p class="soft small period">${text().figures.period(day(incidents.first_on), day(incidents.last_on))}</p>`
        : nothing}`;
  }

  private incidents() {
    const { total, settled, open, outside } = this.summary.incidents;
    const says = text().figures;
    const notes = total
      ? [says.settled(share(settled, total)), says.open(count(open)), outside ? says.outside(count(outside)) : ""]
      : [];
    return this.item(says.incidents, total, notes);
  }

  private teams() {
    const kinds = this.summary.teams;
    const notes = kinds.map(({ kind, total }) => `${text().figures.teamKinds[kind] ?? kind} ${count(total)}`);
    return this.item(text().figures.teams, sum(kinds), notes);
  }

  private stations() {
    const { stations, routes } = this.summary;
    return this.item(text().figures.stations, stations.total, [text().figures.routes(count(routes.total))]);
  }

  private item(name: string, total: number, notes: string[] = []) {
    const said = notes.filter(Boolean).join(" · ");
    return html`<div>
      <dt>${name}</dt>
      <dd>
        <div class="number">${count(total)}</div>
        ${said ? html`<div class="soft small">${said}</div>` : nothing}
      </dd>
    </div>`;
  }
}

const sum = (counted: Counted[]): number => counted.reduce((all, { total }) => all + total, 0);
const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)}%`;

// Names each kind of thing that is synthetic, wholly or in part; empty where all is real.
export function syntheticKinds(summary: Summary): string[] {
  const says = text().synthetic;
  const units = { total: sum(summary.units), synthetic: summary.units.reduce((all, u) => all + u.synthetic, 0) };
  const teams = { total: sum(summary.teams), synthetic: summary.teams.reduce((all, t) => all + t.synthetic, 0) };
  const kinds: [string, { total: number; synthetic: number }][] = [
    [says.units, units],
    [says.incidents, summary.incidents],
    [says.teams, teams],
    [says.stations, summary.stations],
  ];
  return kinds
    .filter(([, { synthetic }]) => synthetic > 0)
    .map(([name, { total, synthetic }]) => says.of(name, count(synthetic), count(total)));
}
