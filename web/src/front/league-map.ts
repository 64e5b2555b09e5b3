// The parts of the league, drawn from their real outlines; a click asks for the micro-grid at that point.
import { LitElement, css, html, nothing, svg, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Speaks, count, nameOf, text } from "../language";
import { frameOf, labelPoint, outline, spread, type Frame } from "../kit/drawing";
import type { Cell, Place } from "../kit/shapes";
import { shared } from "../kit/styles";
import type { Region } from "./league";
import { classOf, rampOf } from "./previews";

const WIDTH = 640;
const STEP = 12;
const LINE = 30;

@customElement("league-map")
export class LeagueMap extends LitElement {
  static override styles = [
    shared,
    css`
      figure {
        margin: 0;
        padding: 0.75rem 0.75rem 0.9rem;
      }
      svg.map {
        display: block;
        width: 100%;
        height: auto;
        max-height: 34rem;
        border-radius: 6px;
        cursor: crosshair;
        touch-action: manipulation;
      }
      .land {
        fill: var(--land);
        stroke: var(--land-line);
        stroke-width: 1.25;
        stroke-linejoin: round;
        transition: fill 0.12s;
      }
      .land:hover,
      .land.chosen {
        fill: var(--accent-wash);
      }
      .land.chosen {
        stroke: var(--accent);
        stroke-width: 2.25;
      }
      .cells {
        pointer-events: none;
      }
      text {
        fill: var(--ink);
        stroke: var(--sheet);
        stroke-width: 4;
        stroke-linejoin: round;
        paint-order: stroke;
        font-size: 17px;
        font-weight: 600;
        text-anchor: middle;
        pointer-events: none;
      }
      @media (max-width: 34rem) {
        text {
          font-size: 25px;
          stroke-width: 6;
        }
      }
      .cross {
        visibility: hidden;
        stroke: var(--mark);
        stroke-width: 1.5;
        pointer-events: none;
      }
      svg.map:focus {
        outline: none;
      }
      svg.map:focus-visible {
        outline: 2px solid var(--accent);
      }
      svg.map:focus-visible .cross {
        visibility: visible;
      }
      .pin {
        fill: var(--mark);
        stroke: var(--sheet);
        stroke-width: 2.5;
        pointer-events: none;
      }
      figcaption {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0.2rem 1.25rem;
        padding: 0.6rem 0.25rem 0;
      }
      .key {
        display: flex;
        align-items: center;
        gap: 0.3rem;
      }
      .key svg {
        width: 3.75rem;
        height: 0.75rem;
      }
    `,
  ];

  @property({ attribute: false }) regions: Region[] = [];
  @property({ attribute: false }) cells: Cell[] = [];
  @property() place = "";
  @property({ attribute: false }) found: { point: [number, number] | null; unitIds: number[] } | null = null;
  @state() private cross: [number, number] = [WIDTH / 2, WIDTH / 2];

  private frame: Frame = frameOf([], WIDTH, 0);

  constructor() {
    super();
    new Speaks(this);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("regions")) return;
    this.frame = frameOf(this.regions.map(({ area }) => area), WIDTH, 10);
    this.cross = [WIDTH / 2, this.frame.height / 2];
  }

  override render() {
    const { height } = this.frame;
    return html`<figure class="sheet">
      <svg
        class="map"
        viewBox="0 0 ${WIDTH} ${height}"
        role="application"
        tabindex="0"
        aria-label="${text().map.label(this.place)}. ${text().map.pickLabel}"
        @click=${this.point}
        @keydown=${this.steer}
      >
        ${this.chosenLast().map((region) => this.land(region))}
        <g class="cells">${this.squares()}</g>
        ${this.labels()} ${this.aim()} ${this.pin()}
      </svg>
      <figcaption class="soft small">
        <span>${text().map.pick}</span>
        ${this.cells.length ? this.legend() : nothing}
      </figcaption>
    </figure>`;
  }

  // What is drawn later lies above: a chosen area would lose half of its edge to its neighbours.
  private chosenLast(): Region[] {
    return [...this.regions].sort((a, b) => Number(this.isChosen(a)) - Number(this.isChosen(b)));
  }

  private isChosen({ part }: Region): boolean {
    return this.found?.unitIds.includes(part.unit_id) ?? false;
  }

  private land(region: Region) {
    const { part, area } = region;
    return svg`<path class="land ${this.isChosen(region) ? "chosen" : ""}" d=${outline(area, this.frame, 0.5)}>
      <title>${nameOf(part)}</title>
    </path>`;
  }

  // Where most households are is named first, and nothing whose name would lie on another.
  private labels() {
    const wanted = this.regions.map(({ part, area }) => {
      const [x, y] = labelPoint(area, this.frame);
      const half = widthOf(nameOf(part)) / 2;
      return { name: nameOf(part), x: Math.min(Math.max(x, half), WIDTH - half), y, half, size: part.households };
    });
    const apart = spread(wanted.sort((a, b) => b.size - a.size), LINE);
    return apart.map(({ name, x, y }) => svg`<text x=${x} y=${y} dy="0.35em">${name}</text>`);
  }

  private squares() {
    const ramp = rampOf(this.cells.map(({ total }) => total));
    const { x, y } = this.frame;
    return this.cells.map(({ lon, lat, total }) => {
      const side = Math.min(x(lon + 0.1) - x(lon), y(lat) - y(lat + 0.1));
      return svg`<rect x=${x(lon + 0.05) - side * 0.3} y=${y(lat + 0.05) - side * 0.3} width=${side * 0.6}
        height=${side * 0.6} fill="var(--ramp-${classOf(total, ramp)})" />`;
    });
  }

  private legend() {
    const totals = this.cells.map(({ total }) => total);
    return html`<span class="key">
      ${count(Math.min(...totals))}
      <svg viewBox="0 0 60 12" aria-hidden="true">
        ${[1, 2, 3, 4, 5].map((step, i) => svg`<rect x=${i * 12} y="0" width="11" height="12" fill="var(--ramp-${step})" />`)}
      </svg>
      ${count(Math.max(...totals))} ${text().map.cells}
    </span>`;
  }

  private aim() {
    const [x, y] = this.cross;
    return svg`<path class="cross" d="M${x - 14} ${y}h28M${x} ${y - 14}v28" />`;
  }

  private pin() {
    const point = this.found?.point;
    if (!point) return nothing;
    return svg`<circle class="pin" r="8" cx=${this.frame.x(point[0])} cy=${this.frame.y(point[1])} />`;
  }

  private point(event: MouseEvent): void {
    const drawing = event.currentTarget as SVGSVGElement;
    const matrix = drawing.getScreenCTM();
    if (!matrix) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    this.pick(x, y);
  }

  private steer(event: KeyboardEvent): void {
    const [x, y] = this.cross;
    if (event.key === "Enter") return this.pick(x, y);
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP],
      ArrowDown: [0, STEP],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    this.cross = [clamp(x + move[0], WIDTH), clamp(y + move[1], this.frame.height)];
  }

  private pick(x: number, y: number): void {
    this.cross = [x, y];
    const place: Place = { lon: round(this.frame.lon(x)), lat: round(this.frame.lat(y)), crs: "EPSG:4326" };
    this.dispatchEvent(new CustomEvent("pick", { detail: place }));
  }
}

// How wide a name is at the most, in units of the drawing: Han characters are square, Latin ones about half as wide.
const widthOf = (name: string): number => 26 * [...name].reduce((all, c) => all + (c > "\u2e80" ? 1 : 0.56), 0) + 12;
// Five decimals are a metre, far below what a click on this map can mean.
const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
