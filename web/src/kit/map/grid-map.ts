// The one map of the product: MapLibre over our own tiles, in the page's language and theme, with overlays laid
// between the ground and the names.
import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { Map as Drawing, ScaleControl, prewarm, setWorkerUrl, type GeoJSONSource, type MapMouseEvent, type VectorTileSource } from "maplibre-gl";
import libraryStyles from "maplibre-gl/dist/maplibre-gl.css?inline";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { Speaks, language, text } from "../../language";
import { theme } from "../../theme";
import type { Area } from "../shapes";
import { shared } from "../styles";
import { compose, marksData, type Laid, type Point } from "./compose";
import { fontFor, restOfFont } from "./font";
import { ground, type Bounds } from "./ground";
import { inksOf } from "./inks";
import { STEPS, moveOf } from "./keys";
import { mapStyles } from "./map-styles";
import type { Overlay } from "./overlays";
import { weakOn } from "./strength";

setWorkerUrl(worker);
prewarm(); // the worker reads its program while the page is still asking for what it will draw

export type { Bounds } from "./ground";

export interface View {
  lon: number;
  lat: number;
  zoom: number;
}

export interface Edges {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

// What a click met: its place, and the features of the overlays there.
export interface Picked {
  lon: number;
  lat: number;
  found: { source: string; id: string | number | undefined; properties: Record<string, unknown> }[];
}

const STEP_PX = 90;
const REACH_PX = 5;
const CLOSE = 16.5;
const MARKS = ["chosen", "pin", "trace"] as const;

@customElement("grid-map")
export class GridMap extends LitElement {
  static override styles = [unsafeCSS(libraryStyles), shared, mapStyles];

  // West, south, east, north (EPSG:4326), shown first where no view is given.
  @property({ attribute: false }) bounds: Bounds | null = null;
  @property({ attribute: false }) view: View | null = null;
  @property({ attribute: false }) overlays: Overlay[] = [];
  // The instant that the units are shown of; now if null.
  @property() at: string | null = null;
  @property({ attribute: false }) chosen: Area | null = null;
  @property({ attribute: false }) pin: Point | null = null;
  // What is being measured; an area if closed.
  @property({ attribute: false }) trace: readonly Point[] = [];
  @property({ type: Boolean }) closed = false;
  // Characters of the names that come first, so that they are drawn in the shipped font.
  @property() names = "";
  // Pixels at each edge that something else of the page covers.
  @property({ attribute: false }) covered: Edges = { top: 0, right: 0, bottom: 0, left: 0 };
  @state() private broken = false;
  @query(".drawing") private readonly place!: HTMLElement;

  drawing: Drawing | null = null;
  // What is worn, as text: a page makes its overlays anew whenever it draws, mostly the same ones.
  private worn = "";
  // Until a style is there it cannot be changed.
  private ready: Promise<unknown> = Promise.resolve();

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    return html`<div class="drawing" @keydown=${this.steer}></div>
      <svg class="cross" viewBox="0 0 26 26" aria-hidden="true">
        <path d="M13 1v9M13 16v9M1 13h9M16 13h9" stroke="currentColor" stroke-width="2" />
      </svg>
      ${this.broken ? html`<p class="none" role="status">${text().mapPage.noDrawing}</p>` : nothing}`;
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

  override focus(): void {
    this.drawing?.getCanvas().focus();
  }

  protected override firstUpdated(): void {
    void this.start();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (this.worn !== this.outfit) void this.redress();
    else if (changed.has("chosen") || changed.has("pin") || changed.has("trace") || changed.has("closed")) this.mark();
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
    this.drawing?.fitBounds(bounds, { padding: this.room, animate: this.moves, maxZoom: CLOSE });
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

  // At once, as another map does beside it.
  look({ lon, lat, zoom }: View): void {
    const now = this.looking;
    if (!now || (Math.abs(now.zoom - zoom) < 1e-6 && Math.abs(now.lon - lon) < 1e-7 && Math.abs(now.lat - lat) < 1e-7)) return;
    this.drawing?.jumpTo({ center: [lon, lat], zoom });
  }

  // Everything anew, after something failed.
  again(): void {
    if (!this.drawing) return void this.start();
    for (const id of ["units", "base", ...this.overlays.map((each) => each.id)]) this.reload(id);
  }

  // Asks again for the tiles of an overlay; what is drawn stays until they are there.
  reload(id: string): void {
    const source = this.drawing?.getSource<VectorTileSource>(id);
    if (source?.tiles) source.setTiles(source.tiles);
  }

  private get moves(): boolean {
    return !this.drawing || !(weakOn(this.drawing) || matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  private get room(): Edges {
    const { top, right, bottom, left } = this.covered;
    return { top: top + 24, right: right + 24, bottom: bottom + 24, left: left + 24 };
  }

  private get outfit(): string {
    return JSON.stringify([theme(), language(), this.at, this.overlays]);
  }

  private get laid(): Laid {
    const { overlays, at, chosen, pin, trace, closed } = this;
    return { overlays, at, chosen, pin, trace, closed };
  }

  private async start(): Promise<void> {
    const [base] = await Promise.all([ground(theme(), language()).catch(this.fail), fontFor(this.names)]);
    if (!base || !this.isConnected) return;
    this.worn = this.outfit;
    const where = this.view
      ? { center: [this.view.lon, this.view.lat] as [number, number], zoom: this.view.zoom }
      : this.bounds
        ? { bounds: this.bounds, fitBoundsOptions: { padding: this.room } }
        : {};
    try {
      this.drawing = new Drawing({
        container: this.place,
        style: compose(base, this.laid, inksOf(theme())),
        ...where,
        attributionControl: false,
        fadeDuration: 0,
        maxPitch: 0,
        dragRotate: false,
        pitchWithRotate: false,
        keyboard: false,
        renderWorldCopies: false,
        locale: { "Map.Title": text().mapPage.mapLabel },
      });
    } catch {
      this.broken = true;
      this.dispatchEvent(new CustomEvent("undrawable"));
      return;
    }
    const { drawing } = this;
    this.ready = new Promise((done) => drawing.once("style.load", done));
    this.watch(drawing);
  }

  private watch(drawing: Drawing): void {
    drawing.touchZoomRotate.disableRotation();
    drawing.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-left");
    if (weakOn(drawing)) drawing.setPixelRatio(1);
    drawing.on("move", () => this.dispatchEvent(new CustomEvent("moving")));
    drawing.on("moveend", () => this.dispatchEvent(new CustomEvent("moved")));
    drawing.on("idle", () => this.dispatchEvent(new CustomEvent("drawn")));
    drawing.once("idle", () => void restOfFont());
    drawing.on("click", (event) => this.pick(event));
    drawing.on("error", ({ error }) => this.fail(error));
  }

  private readonly fail = (problem: unknown): null => {
    this.dispatchEvent(new CustomEvent("failed", { detail: problem }));
    return null;
  };

  private pick({ lngLat, point: { x, y } }: Pick<MapMouseEvent, "lngLat" | "point">): void {
    const near: [[number, number], [number, number]] = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ];
    const layers = this.overlays.flatMap(({ marks }) => marks.map(({ id }) => id)).filter((id) => this.drawing?.getLayer(id));
    const found = layers.length ? (this.drawing?.queryRenderedFeatures(near, { layers }) ?? []) : [];
    const detail: Picked = {
      lon: lngLat.lng,
      lat: lngLat.lat,
      found: found.map(({ source, id, properties }) => ({ source, id, properties })),
    };
    this.dispatchEvent(new CustomEvent("point", { detail }));
  }

  private steer(event: KeyboardEvent): void {
    const move = moveOf(event);
    const drawing = this.drawing;
    if (!move || !drawing) return;
    event.preventDefault();
    const step = STEPS[move];
    if (step) this.pan(...step);
    else if (move === "in" || move === "out") this.zoom(move === "in" ? 1 : -1);
    else if (move === "pick") this.pick({ lngLat: drawing.getCenter(), point: drawing.project(drawing.getCenter()) });
    else this.dispatchEvent(new CustomEvent("wished", { detail: move }));
  }

  private readonly redress = async (): Promise<void> => {
    if (!this.drawing) return;
    this.worn = this.outfit;
    const [base] = await Promise.all([ground(theme(), language()).catch(this.fail), this.ready]);
    const drawing = this.drawing;
    if (!base || !drawing) return;
    const overlays = this.overlays.map((overlay) => this.asDrawn(overlay));
    drawing.setStyle(compose(base, { ...this.laid, overlays }, inksOf(theme())), { diff: true });
    // Tiles that are asked for while colours change are lost: after the next frame, then.
    drawing.once("render", () => this.retile());
    drawing.triggerRepaint();
  };

  // With the tiles that it is drawn from at present: to set others removes none of what is drawn, a new style would.
  private asDrawn(overlay: Overlay): Overlay {
    const drawn = this.drawing?.getSource<VectorTileSource>(overlay.id)?.tiles;
    return drawn && overlay.source.type === "vector" ? { ...overlay, source: { ...overlay.source, tiles: drawn } } : overlay;
  }

  private retile(): void {
    for (const { id, source } of this.overlays) {
      const drawn = this.drawing?.getSource<VectorTileSource>(id);
      const wanted = source.type === "vector" ? (source.tiles ?? []) : [];
      if (drawn?.tiles && wanted.length && drawn.tiles.join() !== wanted.join()) drawn.setTiles(wanted);
    }
  }

  private mark(): void {
    const data = marksData(this.laid);
    for (const id of MARKS) {
      const made = data[id]?.data;
      if (made) this.drawing?.getSource<GeoJSONSource>(id)?.setData(made);
    }
  }
}
