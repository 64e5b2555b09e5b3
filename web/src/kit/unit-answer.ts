// The answer to "which micro-grid is this?": the path from the league down, and the team that answers for it.
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Unit } from "./shapes";
import { shared } from "./styles";
import { Speaks, count, language, nameOf, text } from "../language";
import type { Answer } from "./answers";

@customElement("unit-answer")
export class UnitAnswer extends LitElement {
  static override styles = [
    shared,
    css`
      .answer {
        padding: 1rem 1.125rem;
        border-radius: 8px;
        background: var(--accent-wash);
      }
      ol {
        display: flex;
        flex-wrap: wrap;
        gap: 0 0.4rem;
        margin: 0;
        padding: 0;
        list-style: none;
        font-size: 0.9375rem;
      }
      li:not(:last-child)::after {
        content: "›";
        margin-left: 0.4rem;
        color: var(--soft);
      }
      .unit {
        margin: 0.15rem 0 0.1rem;
        font-size: 1.25rem;
        font-weight: 600;
        line-height: 1.4;
      }
      .team {
        margin-top: 0.7rem;
        padding-top: 0.7rem;
        border-top: 1px solid var(--line);
      }
      .remark {
        margin-top: 0.4rem;
        color: var(--note);
      }
      a {
        display: inline-block;
        margin-top: 0.6rem;
      }
    `,
  ];

  @property({ attribute: false }) answer!: Answer;

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const { units, located } = this.answer;
    const says = text().lookup;
    const unit = units.at(-1);
    if (!unit) return nothing;
    return html`<div class="answer">
      <p class="soft small">${says.answer}</p>
      ${units.length > 1 ? html`<ol>${units.slice(0, -1).map((above) => html`<li>${nameOf(above)}</li>`)}</ol>` : nothing}
      <p class="unit">${nameOf(unit)}</p>
      <p class="soft small figure">${facts(unit)}</p>
      ${located === "outside" ? html`<p class="small remark">${says.outside}</p>` : nothing} ${this.team()}
      <a href="/v1/maps/coverage?lang=${language()}&unit=${encodeURIComponent(unit.code)}">${says.openMap}</a>
    </div>`;
  }

  private team() {
    const { team } = this.answer;
    const says = text();
    const kind = team && (says.figures.teamKinds[team.kind] ?? team.kind);
    return html`<div class="team">
      <p class="soft small">${says.lookup.team}</p>
      <p>${team ? html`${team.name} <span class="soft small">${kind}</span>` : says.lookup.noTeam}</p>
    </div>`;
  }
}

function facts(unit: Unit): string {
  const says = text();
  const known = [says.figures.level[unit.level] ?? unit.level, `${says.lookup.code} ${unit.code}`];
  if (unit.households != null) known.push(says.lookup.households(count(unit.households)));
  if (unit.synthetic) known.push(says.lookup.syntheticUnit);
  return known.join(" · ");
}
