// A table that can be sorted and taken along: what a map shows, for who cannot or would not read it there.
import { LitElement, css, html, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Speaks, language, text } from "../../language";
import { shared } from "../styles";
import { csv, sorted, type Column } from "./csv";
import { save } from "./save";

type Row = unknown;

@customElement("table-twin")
export class TableTwin extends LitElement {
  static override styles = [
    shared,
    css`
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 0.9375rem;
      }
      caption {
        padding: 0.5rem 1rem;
        color: var(--soft);
        font-size: 0.875rem;
        text-align: left;
      }
      /* A table that is wider than its window must not take these words along. */
      caption span {
        position: sticky;
        left: 1rem;
        display: inline-block;
        max-width: calc(100vw - 3.5rem);
      }
      @media (max-width: 46rem) {
        td:first-child {
          min-width: 8.5rem;
        }
      }
      th {
        position: sticky;
        top: 0;
        padding: 0;
        border-bottom: 1px solid var(--line);
        background: var(--sunken);
        text-align: left;
      }
      th button {
        width: 100%;
        min-height: 2.5rem;
        padding: 0.2rem 1rem;
        border: 0;
        border-radius: 0;
        background: transparent;
        color: var(--ink);
        font-size: 0.875rem;
        font-weight: 600;
        text-align: inherit;
        white-space: nowrap;
      }
      th button:focus-visible {
        outline-offset: -2px;
      }
      td {
        padding: 0.4rem 1rem;
        border-bottom: 1px solid var(--line);
      }
      .number {
        text-align: right;
        font-variant-numeric: tabular-nums;
      }
      tbody tr:hover {
        background: var(--accent-wash);
      }
      td button {
        min-height: 0;
        padding: 0;
        border: 0;
        background: transparent;
        color: var(--accent);
        font-weight: 400;
        text-align: left;
        text-decoration: underline;
        text-underline-offset: 0.2em;
        text-decoration-thickness: 1px;
      }
    `,
  ];

  @property() label = "";
  @property({ attribute: false }) columns: Column<Row>[] = [];
  @property({ attribute: false }) rows: readonly Row[] = [];
  // Of the file, without its ending.
  @property() file = "wangge";
  @state() private by = -1;
  @state() private falling = false;

  constructor() {
    super();
    new Speaks(this);
  }

  // Other columns are another table, in the order that the service gave.
  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get("columns") as Column<Row>[] | undefined;
    if (before && before.length !== this.columns.length) this.by = -1;
  }

  override render() {
    return html`<table>
      <caption aria-live="polite"><span>${this.label}</span></caption>
      <thead>
        <tr>${this.columns.map((column, i) => this.head(column, i))}</tr>
      </thead>
      <tbody>${this.ordered.map((row) => this.row(row))}</tbody>
    </table>`;
  }

  download(): void {
    save(new Blob([csv(this.columns, this.ordered)], { type: "text/csv;charset=utf-8" }), `${this.file}.csv`);
  }

  private get ordered(): readonly Row[] {
    const column = this.columns[this.by];
    return column ? sorted(this.rows, column, this.falling, language()) : this.rows;
  }

  private head({ name, of }: Column<Row>, i: number) {
    const order = this.by !== i ? "none" : this.falling ? "descending" : "ascending";
    const sign = this.by !== i ? "" : this.falling ? " ▼" : " ▲";
    return html`<th scope="col" class=${this.isNumber(of) ? "number" : ""} aria-sort=${order}>
      <button title=${text().table.sort(name)} @click=${() => this.sort(i)}>${name}<span aria-hidden="true">${sign}</span></button>
    </th>`;
  }

  private row(row: Row) {
    return html`<tr>
      ${this.columns.map(({ of, shown }, i) => {
        const value = shown?.(row) ?? of(row) ?? "—";
        return html`<td class=${this.isNumber(of) ? "number" : ""}>
          ${i === 0 ? html`<button @click=${() => this.choose(row)}>${value}</button>` : value}
        </td>`;
      })}
    </tr>`;
  }

  private isNumber(of: Column<Row>["of"]): boolean {
    return this.rows.some((row) => typeof of(row) === "number");
  }

  // Numbers begin with the most.
  private sort(i: number): void {
    const first = this.columns[i] ? this.isNumber(this.columns[i].of) : false;
    this.falling = this.by === i ? !this.falling : first;
    this.by = i;
  }

  private choose(row: Row): void {
    this.dispatchEvent(new CustomEvent("chosen", { detail: row }));
  }
}
