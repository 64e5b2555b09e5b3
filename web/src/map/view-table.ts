// What is in view as a table: units with their counts, or the incidents one by one for who may see them.
import { Task } from "@lit/task";
import { LitElement, css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";

import { may } from "../kit/session";
import { cardStyles } from "../kit/map/card-styles";
import type { Column } from "../kit/map/csv";
import { icons } from "../kit/map/icons";
import { levelAt, type Drawn, type Level } from "../kit/map/levels";
import "../kit/map/table-twin";
import type { TableTwin } from "../kit/map/table-twin";
import "../kit/state-note";
import type { Category } from "../kit/shapes";
import { shared } from "../kit/styles";
import { Speaks, count, language, moment, nameOf, text } from "../language";
import { deskUnits, incidentsIn, publicUnits, type Asked, type IncidentRow, type UnitRow } from "./rows";

type Kind = Level | "incidents";

@customElement("view-table")
export class ViewTable extends LitElement {
  static override styles = [
    shared,
    cardStyles,
    css`
      :host {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr);
        overflow: hidden;
      }
      .head {
        flex-wrap: wrap;
        gap: 0.4rem 0.75rem;
      }
      .rows {
        overflow: auto;
      }
      state-note {
        margin: 1rem;
      }
    `,
  ];

  @property({ attribute: false }) asked!: Asked;
  @property({ type: Number }) zoom = 8;
  @property({ attribute: false }) levels: Drawn[] = [];
  @property({ attribute: false }) categories: Category[] = [];
  @state() private kind: Kind | null = null;
  @query("table-twin") private readonly table!: TableTwin | null;

  private readonly found = new Task(this, {
    task: ([asked, kind, desk], { signal }) => this.ask(asked, kind, desk, signal),
    args: () => [this.asked, this.shownKind, may("map.read")] as const,
  });

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    const says = text().table;
    return html`<div class="head">
        <h2>${says.heading}</h2>
        <select class="small" aria-label=${says.what} @change=${(event: Event) => (this.kind = valueOf(event) as Kind)}>
          ${this.kinds.map((kind) => html`<option value=${kind} ?selected=${kind === this.shownKind}>${this.nameOfKind(kind)}</option>`)}
        </select>
        <button class="quiet small" @click=${() => this.table?.download()}>${says.download}</button>
        <button class="icon" aria-label=${says.close} title=${says.close} @click=${() => this.dispatchEvent(new CustomEvent("close"))}>
          ${icons.close}
        </button>
      </div>
      <div class="rows" tabindex="-1">${this.body()}</div>`;
  }

  private body() {
    return this.found.render({
      pending: () => (this.found.value ? this.tableOf(this.found.value) : html`<state-note kind="loading"></state-note>`),
      error: (problem) => html`<state-note kind="problem" .problem=${problem} retriable @retry=${() => this.found.run()}></state-note>`,
      complete: (found) => this.tableOf(found),
    });
  }

  private tableOf({ rows, more, kind }: Found) {
    const says = text().table;
    const label = (more ? says.first : says.inView)(count(rows.length), this.nameOfKind(kind));
    const columns = kind === "incidents" ? this.incidentColumns() : unitColumns(may("map.read"));
    return html`<table-twin
      .label=${label}
      .columns=${columns}
      .rows=${rows}
      file="wangge-${kind}"
      @chosen=${({ detail }: CustomEvent<UnitRow | IncidentRow>) => this.dispatchEvent(new CustomEvent("row", { detail }))}
    ></table-twin>
    ${kind !== "incidents" && rows.some((row) => "n" in row && row.n === null) ? html`<p class="soft small body">${says.untold}</p>` : nothing}`;
  }

  private get kinds(): Kind[] {
    return [...this.levels.map(({ level }) => level), ...(may("incident.read") ? (["incidents"] as const) : [])];
  }

  private get shownKind(): Kind {
    return this.kind ?? levelAt(this.levels, this.zoom);
  }

  private nameOfKind(kind: Kind): string {
    return kind === "incidents" ? text().figures.incidents : (text().figures.level[kind] ?? kind);
  }

  private async ask(asked: Asked, kind: Kind, desk: boolean, signal: AbortSignal): Promise<Found> {
    if (kind === "incidents") return { kind, ...(await incidentsIn(asked, signal)) };
    return { kind, ...(await (desk ? deskUnits : publicUnits)(asked, kind, signal)) };
  }

  private incidentColumns(): Column<IncidentRow>[] {
    const says = text().table;
    const named = new Map(this.categories.map((each) => [each.code, language() === "en" ? each.name_en : each.name_zh]));
    return [
      { name: says.category, of: ({ category }) => named.get(category) ?? category },
      { name: says.state, of: ({ state }) => text().states[state] ?? state },
      { name: says.unit, of: ({ unit_name }) => unit_name },
      { name: says.occurred, of: ({ occurred_at }) => occurred_at, shown: ({ occurred_at }) => moment(occurred_at) },
      { name: says.due, of: ({ due_at }) => due_at, shown: ({ due_at }) => (due_at ? moment(due_at) : "—") },
    ];
  }
}

type Found = { kind: Kind; rows: (UnitRow | IncidentRow)[]; more: boolean };

function unitColumns(desk: boolean): Column<UnitRow>[] {
  const says = text().table;
  const open: Column<UnitRow> = { name: says.open, of: ({ open }) => open, shown: ({ open }) => shown(open) };
  return [
    { name: says.name, of: (row) => nameOf(row) },
    { name: says.code, of: ({ code }) => code },
    { name: says.households, of: ({ households }) => households, shown: ({ households }) => shown(households) },
    { name: says.incidents, of: ({ n }) => n, shown: ({ n }) => shown(n) },
    ...(desk ? [open] : []),
  ];
}

const shown = (value: number | null): string => (value === null ? "—" : count(value));
const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value;
