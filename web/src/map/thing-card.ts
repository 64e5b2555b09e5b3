// What was clicked on the map: an incident with what happened to it, a station, or a patrol route.
import { Task } from "@lit/task";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";

import { get } from "../kit/api";
import { cardStyles } from "../kit/map/card-styles";
import type { Picked } from "../kit/map/grid-map";
import { icons } from "../kit/map/icons";
import "../kit/state-note";
import type { Category } from "../kit/shapes";
import { shared } from "../kit/styles";
import { Speaks, count, language, moment, text } from "../language";

export type Thing = { kind: "incident" | "station" | "route"; id: string; name: string; about: Record<string, unknown> };

interface Incident {
  id: string;
  category: string;
  state: string;
  title: string;
  address: string | null;
  unit_name: string | null;
  team_name: string | null;
  occurred_at: string;
  due_at: string | null;
}

interface Station {
  name: string;
  kind: string;
  address: string | null;
  phone: string | null;
}

// The foremost of what can be opened; incidents before stations before routes.
export function thingOf({ found }: Picked): Thing | null {
  const kinds = { incidents: "incident", stations: "station", routes: "route" } as const;
  for (const [source, kind] of Object.entries(kinds)) {
    const met = found.find((each) => each.source === source && each.properties["id"]);
    if (met) {
      const { id, code, name } = met.properties;
      return { kind, id: String(kind === "station" ? code : id), name: String(name ?? ""), about: met.properties };
    }
  }
  return null;
}

@customElement("thing-card")
export class ThingCard extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.2rem 1rem;
        margin: 0.5rem 0 0;
        font-size: 0.9375rem;
      }
      dt {
        color: var(--soft);
      }
      dd {
        margin: 0;
      }
      a {
        display: inline-block;
        margin-top: 0.7rem;
      }
    `,
  ];

  @property({ attribute: false }) thing!: Thing;
  @property({ attribute: false }) categories: Category[] = [];

  private readonly read = new Task(this, { task: ([thing], { signal }) => load(thing, signal), args: () => [this.thing] as const });

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().thing;
    return html`<div class="head">
        <h2>${says.kinds[this.thing.kind]}</h2>
        <button class="icon" aria-label=${says.close} title=${says.close} @click=${() => this.dispatchEvent(new CustomEvent("close"))}>
          ${icons.close}
        </button>
      </div>
      <div class="body" aria-live="polite">
        ${this.read.render({
          pending: () => html`<state-note kind="loading"></state-note>`,
          error: (problem) => html`<state-note kind="problem" .problem=${problem}></state-note>`,
          complete: (known) => this.facts(known),
        })}
      </div>`;
  }

  private facts(known: Incident | Station | null) {
    if (known && "state" in known) return this.incident(known);
    const says = text().thing;
    const { about, name } = this.thing;
    const kind = known ? (says.stationKinds[known.kind] ?? known.kind) : null;
    const length = Number(about["length_m"]);
    return html`<p><strong>${name}</strong></p>
      ${list([
        [says.kind, kind],
        [says.address, known?.address],
        [says.phone, known?.phone],
        [says.length, length ? `${count(Math.round(length / 10) / 100)} km` : null],
      ])}`;
  }

  private incident({ id, category, state, title, address, unit_name, team_name, occurred_at, due_at }: Incident) {
    const says = text().thing;
    const known = this.categories.find(({ code }) => code === category);
    const named = known ? (language() === "en" ? known.name_en : known.name_zh) : category;
    return html`<p><strong>${title}</strong></p>
      ${list([
        [says.category, named],
        [says.state, text().states[state] ?? state],
        [says.unit, unit_name],
        [says.team, team_name],
        [says.address, address],
        [says.occurred, moment(occurred_at)],
        [says.due, due_at && moment(due_at)],
      ])}
      <a class="small" href="/v1/incidents/${id}" target="_blank">${says.record}</a>`;
  }
}

function list(facts: [string, string | null | undefined][]) {
  const told = facts.filter(([, value]) => value);
  return told.length ? html`<dl>${told.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>` : nothing;
}

async function load({ kind, id }: Thing, signal: AbortSignal): Promise<Incident | Station | null> {
  if (kind === "incident") return get<Incident>(`/v1/incidents/${encodeURIComponent(id)}`, signal);
  return kind === "station" ? get<Station>(`/v1/stations/${encodeURIComponent(id)}`, signal) : null;
}
