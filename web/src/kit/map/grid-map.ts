// The one map of the product: MapLibre over our own tiles, in the page's language and theme, with overlays laid
// between the ground and the names.
import { LitElement, css, html, unsafeCSS, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { Map as Drawing, ScaleControl, setWorkerUrl, type MapMouseEvent, type SourceSpecification, type StyleSpecification } from "maplibre-gl";
import libraryStyles from "maplibre-gl/dist/maplibre-gl.css?inline";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { Speaks, language, text } from "../../language";
import { theme } from "../../theme";
import { get } from "../api";
import type { Area } from "../shapes";
import { shared } from "../styles";
import { fontFor, restOfFont } from "./font";
import { inksOf } from "./inks";
import type { Overlay } from "./overlays";
import { weakOn } from "./strength";

setWorkerUrl(worker);

export type Bounds = [number, number, number, number];

export interface View {
  lon: number;
  lat: number;
  zoom: number;
}

const STEP_PX = 90;
const EMPTY = { type: "FeatureCollection", features: [] } as const;

@customElement("grid-map")
export class GridMap extends LitElement {
  static override styles = [
    unsafeCSS(libraryStyles),
    shared,
    css`
      :host {
        position: relative;
        background: var(--ground);
      }
      .drawing {
        position: absolute;
        inset: 0;
      }
      .drawing:focus-within {
        outline: 2px solid var(--accent);
        outline-offset: -2px;
      }
      .none {
        position: absolute;
        inset: 0;
        display: grid;
        place-content: center;
        padding: 2rem;
        text-align: center;
      }
      .maplibregl-ctrl-scale {
        border-color: var(--soft);
        background: color-mix(in srgb, var(--sheet) 75%, transparent);
        color: var(--ink);
      }
      .maplibregl-canvas:focus {
        outline: none;
      }
    `,
  ];

  // West, south, east, north (EPSG:4326), shown first where no view is given.
  @property({ attribute: false }) bounds: Bounds | null = null;
  @property({ attribute: false }) view: View | null = null;
  @property({ attribute: false }) overlays: Overlay[] = [];
  // The instant that the units are shown of; now if null.
  @property() at: string | null = null;
  @property({ attribute: false }) chosen: Area | null = null;
  // Characters of the names that come first, so that they are drawn in the shipped font.
  @property() names = "";
  // Pixels at each edge that something else of the page covers.
  @property({ attribute: false }) covered = { top: 0, right: 0, bottom: 0, left: 0 };
  @state() private broken = false;
  @query(".drawing") private readonly place!: HTMLElement;

  drawing: Drawing | null = null;
  private shown = "";

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<div class="drawing" role="application" aria-label=${text().mapPage.mapLabel}></div>
      ${this.broken ? html`<p class="none">${text().mapPage.noDrawing}</p>` : ""}`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("themechange", this.redress);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("themechange", this.redress);
    this.drawing?.remove();
    this.drawing = null;
  }

  protected override firstUpdated(): void {
    void this.start();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("overlays") || changed.has("at") || this.shown !== this.dress) void this.redress();
    if (changed.has("chosen")) this.mark();
  }

  // Where the map looks now.
  get looking(): View | null {
    const centre = this.drawing?.getCenter();
    return this.drawing && centre ? { lon: centre.lng, lat: centre.lat, zoom: this.drawing.getZoom() } : null;
  }

  get box(): Bounds | null {
    const seen = this.drawing?.getBounds();
    return seen ? [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()] : null;
  }

  fit(bounds: Bounds): void {
    this.drawing?.fitBounds(bounds, { padding: this.room, animate: this.moves, maxZoom: 16.5 });
  }

  fly(view: View): void {
    const to = { center: [view.lon, view.lat] as [number, number], zoom: view.zoom };
    if (this.moves) this.drawing?.easeTo(to);
    else this.drawing?.jumpTo(to);
  }

  pan(right: number, down: number): void {
    this.drawing?.panBy([right * STEP_PX, down * STEP_PX], { animate: this.moves });
  }

  zoom(by: number): void {
    this.drawing?.zoomTo(this.drawing.getZoom() + by, { animate: this.moves });
  }

  private get moves(): boolean {
    return !this.drawing || !(weakOn(this.drawing) || matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  private get room() {
    const { top, right, bottom, left } = this.covered;
    return { top: top + 24, right: right + 24, bottom: bottom + 24, left: left + 24 };
  }

  private get dress(): string {
    return `${theme()} ${language()} ${this.at ?? ""}`;
  }

  private async start(): Promise<void> {
    const [style] = await Promise.all([this.composed(), fontFor(this.names)]);
    this.shown = this.dress;
    const where = this.view
      ? { center: [this.view.lon, this.view.lat] as [number, number], zoom: this.view.zoom }
      : this.bounds
        ? { bounds: this.bounds, fitBoundsOptions: { padding: this.room } }
        : {};
    try {
      this.drawing = new Drawing({
        container: this.place,
        style,
        ...where,
        attributionControl: false,
        fadeDuration: 0,
        maxPitch: 0,
        dragRotate: false,
        pitchWithRotate: false,
        keyboard: false,
        canvasContextAttributes: { preserveDrawingBuffer: true },
        locale: { "Map.Title": text().mapPage.mapLabel },
      });
    } catch {
      this.broken = true;
      this.dispatchEvent(new CustomEvent("undrawable"));
      return;
    }
    this.watch(this.drawing);
  }

  private watch(drawing: Drawing): void {
    drawing.touchZoomRotate.disableRotation();
    drawing.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    if (weakOn(drawing)) drawing.setPixelRatio(1);
    drawing.on("moveend", () => this.dispatchEvent(new CustomEvent("moved")));
    drawing.on("idle", () => this.dispatchEvent(new CustomEvent("drawn")));
    drawing.once("idle", () => void restOfFont());
    drawing.on("click", (event) => this.pick(event));
    drawing.on("error", ({ error }) => this.dispatchEvent(new CustomEvent("failed", { detail: error })));
    drawing.once("load", () => this.dispatchEvent(new CustomEvent("loaded")));
  }

  private pick(event: MapMouseEvent): void {
    const point = { lon: event.lngLat.lng, lat: event.lngLat.lat };
    const found = this.drawing?.queryRenderedFeatures(event.point) ?? [];
    this.dispatchEvent(new CustomEvent("point", { detail: { ...point, found } }));
  }

  private readonly redress = async (): Promise<void> => {
    if (!this.drawing) return;
    this.shown = this.dress;
    const style = await this.composed();
    this.drawing?.setStyle(style, { diff: true });
  };

  // The base map's style with the overlays laid in: areas below the borders, marks below the names.
  private async composed(): Promise<StyleSpecification> {
    const base = await get<StyleSpecification>(`/tiles/styles/${theme()}.json?lang=${language()}`);
    const sources = { ...base.sources };
    if (this.at) sources["units"] = dated(this.at);
    for (const { id, source } of this.overlays) sources[id] = source;
    sources["chosen"] = { type: "geojson", data: this.chosenData };
    const borders = base.layers.findIndex(({ id }) => id.endsWith("-border"));
    const names = base.layers.findIndex(({ type }) => type === "symbol");
    const inks = inksOf(theme());
    return {
      ...base,
      sources,
      layers: [
        ...base.layers.slice(0, borders),
        ...this.overlays.flatMap(({ areas }) => areas),
        ...base.layers.slice(borders, names),
        { id: "chosen", type: "line", source: "chosen", paint: { "line-color": inks.chosen, "line-width": 4 } },
        ...this.overlays.flatMap(({ marks }) => marks),
        ...base.layers.slice(names),
      ],
    };
  }

  private get chosenData() {
    return this.chosen ? { type: "Feature" as const, properties: {}, geometry: this.chosen } : EMPTY;
  }

  private mark(): void {
    const source = this.drawing?.getSource("chosen");
    if (source && "setData" in source) (source as { setData(data: unknown): void }).setData(this.chosenData);
  }
}

const dated = (at: string): SourceSpecification => ({
  type: "vector",
  tiles: [`${location.origin}/tiles/units/{z}/{x}/{y}?at=${encodeURIComponent(at)}`],
  maxzoom: 16,
});
