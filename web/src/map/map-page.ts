// One map of everything: units, heat, incidents, stations and routes, with what is asked of it beside.
import { Task } from "@lit/task";
import { LitElement, html, nothing, type PropertyValues } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import { get } from "../kit/api";
import type { Answer } from "../kit/answers";
import type { Point } from "../kit/map/compose";
import type { Edges, GridMap, Picked, View } from "../kit/map/grid-map";
import "../kit/map/grid-map";
import { described, forget, type Bounds } from "../kit/map/ground";
import { inksOf } from "../kit/map/inks";
import { levelsOf } from "../kit/map/levels";
import "../kit/map/measure-card";
import type { OverlayId } from "../kit/map/overlays";
import "../kit/map/print-card";
import type { PrintCard } from "../kit/map/print-card";
import { troubleOf, type Trouble } from "../kit/map/trouble";
import "../kit/page-header";
import { PageKeys } from "../kit/page-keys";
import { Admits, askToSignIn, loadSession, may, session, sessionKnown } from "../kit/session";
import type { Area } from "../kit/shapes";
import "../kit/state-note";
import { shared } from "../kit/styles";
import "../kit/unit-lookup";
import type { UnitLookup } from "../kit/unit-lookup";
import { Speaks, language, nameOf, text } from "../language";
import { theme } from "../theme";
import { anchor, loadHeat, wishOf, type HeatWish, type Playing } from "./heat";
import "./help-card";
import type { HelpCard } from "./help-card";
import "./layer-list";
import { Listening } from "../kit/map/listening";
import "./map-notes";
import { allowed, overlaysOf } from "./overlays-shown";
import "./past-field";
import type { Past } from "./past-field";
import type { Asked, IncidentRow, UnitRow } from "./rows";
import { sheetOf } from "./sheet";
import { pageStyles } from "./styles";
import { thingOf, type Thing } from "./thing-card";
import "./time-dock";
import "../kit/map/tool-bar";
import type { Tool, Wish } from "../kit/map/tool-bar";
import { readHash, writeHash } from "./view";
import "./view-table";
import { isEmpty, loadLater, loadWhole } from "./whole";

const PHONE = matchMedia("(max-width: 46rem)");
const PANEL_PX = 356;
const SHEET_PX = 48;
const TOOLS_PX = 36;
const STAYS = 14;
const WORLD: Bounds = [-180, -85, 180, 85];

@customElement("map-page")
export class MapPage extends LitElement {
  static override styles = [shared, pageStyles];

  private readonly given = readHash(location.hash);
  @state() private on: OverlayId[] = this.given.overlays ?? ["heat", "public_heat", "stations"];
  @state() private wish: HeatWish = wishOf(this.given);
  @state() private playing: Playing | null = null;
  @state() private past: Past = { at: this.given.at, compared: this.given.compared };
  // Of which time what is asked is answered: with two maps, of that on which was clicked.
  @state() private instant: string | null = this.given.compared ? null : this.given.at;
  @state() private chosen: Area | null = null;
  @state() private pin: Point | null = null;
  @state() private thing: Thing | null = null;
  @state() private open = !PHONE.matches;
  @state() private tool: Tool | null = this.given.step ? "play" : null;
  @state() private trace: readonly Point[] = [];
  @state() private closed = false;
  @state() private trouble: Trouble | null = null;
  @state() private drawn = false;
  @state() private everDrawn = false;
  @state() private zoom = 6;
  @state() private box: Bounds | null = null;
  @query("grid-map:not(.past)") private readonly map!: GridMap | null;
  @query("unit-lookup") private readonly lookup!: UnitLookup;
  @query("help-card") private readonly help!: HelpCard;
  @query("print-card") private readonly printing!: PrintCard;
  @query("grid-map.past") private readonly other!: GridMap | null;

  private fromMap = false;
  private asked: Asked | null = null;
  private readonly listening = new Listening(this, () => this.refresh());
  private readonly whole = new Task(this, { task: (_, { signal }) => loadWhole(signal), args: () => [] });
  private readonly later = new Task(this, {
    task: ([ready], { signal }) => (ready ? loadLater(signal) : null),
    args: () => [this.everDrawn] as const,
  });
  // Of the edition that is shown, where that is a past one.
  private readonly levels = new Task(this, {
    task: async ([at]) => (at ? levelsOf((await described("units", at)).vector_layers) : null),
    args: () => [this.past.at] as const,
  });
  private readonly heat = new Task(this, {
    task: ([known, desk, wish, last], { signal }) => (known ? loadHeat(desk, wish, new Date(last), signal) : null),
    args: () => [sessionKnown(), may("map.read"), this.wish, this.wish.period === "all" ? 0 : this.last.getTime()] as const,
  });

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
    new PageKeys(this, this.shortcut);
  }

  protected override willUpdate(changed: PropertyValues): void {
    this.listening.wanted = may("map.read") && this.everDrawn;
    const box = this.box ?? this.whole.value?.bounds;
    if (!box || !["box", "wish", "playing", "past", "tool"].some((name) => changed.has(name))) return;
    const { wish, playing, last } = this;
    this.asked = { box, wish, playing, last, at: this.past.at };
  }

  protected override updated(changed: PropertyValues): void {
    if (["on", "wish", "playing", "past"].some((name) => changed.has(name))) this.keep();
  }

  override render() {
    return html`<a class="skip" href="#lookup" @click=${this.toSearch}>${text().skip}</a>
      <page-header wide home="/"></page-header>
      <main class=${this.open ? "with-panel" : ""}>
        ${this.maps()}
        <tool-bar .open=${this.tool} .tools=${this.tools} @wish=${({ detail }: CustomEvent<Wish>) => this.act(detail)}></tool-bar>
        <section class="panel ${this.open ? "open" : ""}" aria-label=${text().mapPage.panel}>${this.panel()}</section>
        <map-notes
          .past=${this.past}
          .trouble=${this.trouble}
          .synthetic=${this.synthetic}
          @past=${this.turnTo}
          @retry=${this.retry}
        ></map-notes>
        ${this.dock()}
        <print-card .sheet=${(title: string) => this.sheet(title)}></print-card>
        <help-card></help-card>
      </main>`;
  }

  private maps() {
    const whole = this.whole.value;
    if (!whole) return this.whole.render({ error: (problem) => this.unread(problem) });
    if (isEmpty(whole)) return html`<div class="whole-note"><state-note kind="empty"></state-note></div>`;
    const { at, compared } = this.past;
    return html`<div class="maps ${compared ? "two" : ""}">
      ${compared ? this.beside(whole.bounds, whole.names) : nothing}
      <grid-map
        .bounds=${whole.bounds}
        .view=${this.given.view}
        .overlays=${this.overlays}
        .at=${compared ? null : at}
        .covered=${this.covered}
        .chosen=${this.chosen}
        .pin=${this.pin}
        .trace=${this.trace}
        .closed=${this.closed}
        .names=${whole.names}
        ?pointing=${this.tool === "measure"}
        @point=${({ detail }: CustomEvent<Picked>) => this.point(detail)}
        @wished=${({ detail }: CustomEvent<string>) => this.keyed(detail)}
        @moving=${() => this.follow(this.map, this.other)}
        @moved=${this.moved}
        @failed=${({ detail }: CustomEvent<unknown>) => (this.trouble = troubleOf(detail))}
        @drawn=${this.settled}
        @undrawable=${this.withoutDrawing}
      ></grid-map>
    </div>`;
  }

  // The edition of the past, on the left of the one in force; both look at the same place.
  private beside(bounds: Bounds, names: string) {
    return html`<grid-map
      class="past"
      .bounds=${bounds}
      .view=${this.map?.looking ?? this.given.view}
      .overlays=${this.overlays}
      .at=${this.past.at}
      .covered=${this.covered}
      .chosen=${this.chosen}
      .pin=${this.pin}
      .names=${names}
      @point=${({ detail }: CustomEvent<Picked>) => this.point(detail, this.past.at)}
      @moving=${() => this.follow(this.other, this.map)}
    ></grid-map>`;
  }

  private unread(problem: unknown) {
    return html`<div class="whole-note">
      <state-note kind="problem" .problem=${problem} retriable @retry=${() => this.whole.run()}></state-note>
    </div>`;
  }

  private panel() {
    const says = text().mapPage;
    return html`<button class="fold quiet" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>
        <span class="handle" aria-hidden="true"></span>${this.open ? says.closePanel : says.openPanel}
      </button>
      <div class="inside" ?hidden=${!this.open}>
        ${this.thing
          ? html`<thing-card .thing=${this.thing} .categories=${this.categories} @close=${() => (this.thing = null)}></thing-card>`
          : nothing}
        <unit-lookup id="lookup" .parts=${this.later.value?.parts ?? []} .instant=${this.instant} @found=${this.show}></unit-lookup>
        <layer-list
          .on=${this.on}
          .allowed=${allowed(this.overlaid)}
          .wish=${this.wish}
          .categories=${this.categories}
          .heat=${this.heat.value ?? null}
          .playing=${this.playing}
          .zoom=${this.zoom}
          @toggle=${this.toggle}
          @wish=${({ detail }: CustomEvent<HeatWish>) => (this.wish = detail)}
        ></layer-list>
        <past-field .at=${this.past.at} .compared=${this.past.compared} @past=${this.turnTo}></past-field>
        ${session().account ? nothing : this.invite()}
      </div>`;
  }

  private invite() {
    return html`<p class="invite small">
      ${text().mapPage.signInForMore}
      <button class="quiet" @click=${() => askToSignIn(location.href)}>${text().signIn.open}</button>
    </p>`;
  }

  private dock() {
    if (this.tool === "measure") return this.measuring();
    if (this.tool === "play") return this.player();
    if (this.tool !== "table" || !this.asked) return nothing;
    return html`<view-table
      class="dock table"
      .asked=${this.asked}
      .zoom=${this.zoom}
      .levels=${this.levels.value ?? this.whole.value?.levels ?? []}
      .categories=${this.categories}
      @row=${({ detail }: CustomEvent<UnitRow | IncidentRow>) => this.toRow(detail)}
      @close=${() => this.act("table")}
    ></view-table>`;
  }

  private measuring() {
    return html`<measure-card
      class="tool"
      .points=${this.trace}
      .closed=${this.closed}
      @shape=${({ detail }: CustomEvent<boolean>) => (this.closed = detail)}
      @undo=${() => (this.trace = this.trace.slice(0, -1))}
      @clear=${() => (this.trace = [])}
      @close=${() => this.act("measure")}
    ></measure-card>`;
  }

  private player() {
    const known = this.heat.value;
    if (!known || !may("map.read")) return nothing;
    return html`<time-dock
      class="dock"
      .wish=${this.wish}
      .last=${known.lastOn ?? new Date().toLocaleDateString("sv")}
      .drawn=${this.drawn}
      .first=${this.given.step}
      @playing=${({ detail }: CustomEvent<Playing>) => this.play(detail)}
      @close=${() => this.act("play")}
    ></time-dock>`;
  }

  private get categories() {
    return this.whole.value?.categories ?? [];
  }

  private get overlaid(): boolean {
    return this.whole.value?.overlaid ?? false;
  }

  private get synthetic(): boolean {
    return this.later.value?.units.some(({ synthetic }) => synthetic > 0) ?? false;
  }

  private get name(): string {
    const { name, name_en } = this.later.value ?? {};
    return name ? nameOf({ name, name_en: name_en ?? null }) : "";
  }

  private get tools(): Tool[] {
    const all: Tool[] = ["measure", "play", "table", "print", "help"];
    return all.filter((tool) => tool !== "play" || may("map.read"));
  }

  private get last(): Date {
    return anchor(new Date(), this.heat.value?.lastOn ?? null);
  }

  private get overlays() {
    const { on, wish, playing, last } = this;
    const { overlaid } = this;
    return overlaysOf({ on, heat: this.heat.value ?? null, wish, playing, last, overlaid, inks: inksOf(theme()) });
  }

  // What the panel lies over: the left on a desk, the lower part on a phone.
  private get covered(): Edges {
    const none = { top: 0, right: 0, bottom: 0, left: 0 };
    if (PHONE.matches) return { ...none, right: TOOLS_PX, bottom: this.open ? innerHeight * 0.5 : SHEET_PX };
    return this.open && !this.past.compared ? { ...none, left: PANEL_PX } : none;
  }

  private act(wish: Wish): void {
    const whole = this.whole.value;
    if (wish === "zoomIn" || wish === "zoomOut") this.map?.zoom(wish === "zoomIn" ? 1 : -1);
    else if (wish === "home") this.map?.fit(whole?.bounds ?? WORLD);
    else if (wish === "help") this.help.open();
    else if (wish === "print") this.printing.open(text().print.titled(this.name));
    else this.turnTool(wish);
  }

  private turnTool(tool: Tool | null): void {
    this.tool = this.tool === tool ? null : tool;
    this.trace = [];
    this.playing = null;
    if (this.tool && PHONE.matches) this.open = false;
    if (this.tool === "measure") this.map?.focus();
  }

  private point(picked: Picked, instant: string | null = this.past.compared ? null : this.past.at): void {
    if (this.tool === "measure") {
      this.trace = [...this.trace, [picked.lon, picked.lat]];
      return;
    }
    this.thing = thingOf(picked);
    this.instant = instant;
    this.open = true;
    if (this.thing) this.pin = [picked.lon, picked.lat];
    else this.ask(picked);
  }

  private ask({ lon, lat }: { lon: number; lat: number }): void {
    this.fromMap = true;
    void this.updateComplete.then(() => this.lookup.at({ lon: round(lon), lat: round(lat), crs: "EPSG:4326" }));
  }

  // Marks the unit that was found, and goes there unless it was clicked on.
  private async show({ detail }: CustomEvent<Answer>): Promise<void> {
    const { point, units, located } = detail;
    const fromMap = this.fromMap;
    this.fromMap = false;
    this.pin = point;
    if (point && !fromMap) this.map?.fly({ lon: point[0], lat: point[1], zoom: Math.max(this.map.looking?.zoom ?? 0, STAYS) });
    const unit = units.at(-1);
    this.chosen = null;
    if (!unit || located === "outside") return;
    const at = this.instant ? `?at=${encodeURIComponent(this.instant)}` : "";
    const found = await get<{ geometry: Area; bbox: Bounds }>(`/v1/units/${encodeURIComponent(unit.code)}/geometry${at}`).catch(() => null);
    this.chosen = found?.geometry ?? null;
    if (found && !point) this.map?.fit(found.bbox);
    if (!fromMap && PHONE.matches) this.open = false;
  }

  private toRow(row: UnitRow | IncidentRow): void {
    if ("bbox" in row) {
      this.map?.fit(row.bbox);
      return;
    }
    this.thing = { kind: "incident", id: row.id, name: "", about: {} };
    this.open = true;
    this.pin = [row.lon, row.lat];
    this.map?.fly({ lon: row.lon, lat: row.lat, zoom: Math.max(this.map.looking?.zoom ?? 0, STAYS) });
  }

  private play(playing: Playing): void {
    this.drawn = false;
    this.playing = playing;
    if (!this.on.includes("heat")) this.on = [...this.on, "heat"];
  }

  private toggle({ detail }: CustomEvent<OverlayId>): void {
    this.on = this.on.includes(detail) ? this.on.filter((id) => id !== detail) : [...this.on, detail];
  }

  private turnTo({ detail }: CustomEvent<Past>): void {
    this.past = detail;
    this.instant = detail.compared ? null : detail.at;
  }

  private sheet(title: string) {
    const bounds = this.map?.box ?? this.whole.value?.bounds ?? WORLD;
    const { on, wish, playing, last, chosen, pin, trace, closed } = this;
    const laid = { at: this.past.at, chosen, pin, trace, closed };
    const wanted = { on, wish, playing, last, overlaid: this.overlaid, heat: this.heat.value ?? null };
    return sheetOf({ title, bounds, laid, language: language(), wanted, synthetic: this.synthetic });
  }

  private readonly moved = (): void => {
    this.box = this.map?.box ?? null;
    this.zoom = this.map?.looking?.zoom ?? this.zoom;
    this.keep();
  };

  // The table says the same, and opens by itself.
  private readonly withoutDrawing = (): void => {
    this.everDrawn = true;
    this.tool = "table";
  };

  private readonly settled = (): void => {
    this.drawn = true;
    this.everDrawn = true;
    if (!this.box) this.moved();
  };

  // Two maps beside each other look at one place.
  private follow(leader: GridMap | null, follower: GridMap | null): void {
    const view: View | null = leader?.looking ?? null;
    if (view) follower?.look(view);
  }

  private refresh(): void {
    for (const map of [this.map, this.other]) for (const id of ["heat", "incidents"]) map?.reload(id);
    if (!this.playing) void this.heat.run();
  }

  private retry(): void {
    this.trouble = null;
    forget();
    void loadSession();
    void this.heat.run();
    this.map?.again();
  }

  private readonly keep = (): void => {
    const { playing, past, on } = this;
    const step = playing && ([playing.since, playing.until] as const);
    const kept = { view: this.map?.looking ?? this.given.view, overlays: on, ...this.wish, step, ...past };
    history.replaceState(history.state, "", `${location.pathname}${location.search}${writeHash(kept)}`);
  };

  private keyed(wish: string): void {
    if (wish === "home") this.act("home");
    if (wish === "back") this.trace = this.trace.slice(0, -1);
    if (wish === "leave") this.leave();
  }

  private readonly shortcut = (event: KeyboardEvent): void => {
    const [target] = event.composedPath();
    const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
    if (event.composedPath().some((over) => over instanceof HTMLDialogElement)) return; // it has keys of its own
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return this.leave();
    if (typing || (event.key !== "/" && event.key !== "?")) return;
    event.preventDefault();
    if (event.key === "/") this.toSearch(event);
    else this.act("help");
  };

  // Closes what was opened last.
  private leave(): void {
    if (this.tool) this.turnTool(null);
    else if (this.thing) this.thing = null;
    else if (this.pin || this.chosen) this.pin = this.chosen = null;
    else this.open = false;
  }

  private toSearch(event: Event): void {
    event.preventDefault();
    this.open = true;
    void this.updateComplete.then(() => this.lookup.toSearch());
  }

}

// Five decimals are a metre, about what a click means.
const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
