// The desk for places that leave doubts: what waits, the map of one of them, and whose it shall be.
import { Task } from "@lit/task";
import { LitElement, html, nothing, type PropertyValues } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import { answerAt } from "../kit/answers";
import { get } from "../kit/api";
import type { GridMap, Picked } from "../kit/map/grid-map";
import "../kit/map/grid-map";
import { described } from "../kit/map/ground";
import { inksOf } from "../kit/map/inks";
import { Listening } from "../kit/map/listening";
import "../kit/map/tool-bar";
import type { Wish as MapWish } from "../kit/map/tool-bar";
import "../kit/page-header";
import { PageKeys } from "../kit/page-keys";
import { Admits, askToSignIn, may, session, sessionKnown } from "../kit/session";
import type { Category, Unit } from "../kit/shapes";
import "../kit/state-note";
import { shared } from "../kit/styles";
import { Speaks, text } from "../language";
import { theme } from "../theme";
import "./doubt-card";
import type { DoubtCard, Wish } from "./doubt-card";
import "./doubt-list";
import type { DoubtList } from "./doubt-list";
import { extentOf, overlaysOf } from "./drawn";
import { KINDS, ask, boundsOf, choiceOf, know, merged, read, settle, waits } from "./queue";
import type { Choice, Doubted, Kind, Known, Outcome, Page } from "./queue";
import { pageStyles } from "./styles";

const PHONE = matchMedia("(max-width: 46rem)");

@customElement("doubts-page")
export class DoubtsPage extends LitElement {
  static override styles = [shared, pageStyles];

  @state() private kind: Kind = location.hash === "#outside" ? "outside" : "doubtful";
  @state() private page: Page | null = null;
  @state() private chosen: Doubted | null = null;
  @state() private known: Known | null = null;
  @state() private choice: Choice | null = null;
  @state() private outcome: Outcome | null = null;
  // What went wrong with the choice, beside it; and with the queue itself.
  @state() private problem: unknown = null;
  @state() private busy = false;
  @query("grid-map") private readonly map!: GridMap | null;
  @query("doubt-list") private readonly list!: DoubtList | null;
  @query("doubt-card") private readonly card!: DoubtCard | null;

  private readonly listening = new Listening(this, () => void this.refresh());
  private readonly ground = new Task(this, {
    task: async (_, { signal }) => {
      const [units, { categories }] = await Promise.all([
        described("units"),
        get<{ categories: Category[] }>("/v1/categories", signal),
      ]);
      return { bounds: units.bounds, categories };
    },
    args: () => [],
  });
  private readonly queue = new Task(this, {
    task: ([allowed, kind], { signal }) => (allowed ? ask(kind, null, signal) : null),
    args: () => [may("incident.settle"), this.kind] as const,
    onComplete: (page) => (this.page = page),
  });
  private readonly knowing = new Task(this, {
    task: ([doubt], { signal }) => (doubt ? know(doubt, signal) : null),
    args: () => [this.chosen] as const,
    onComplete: (known) => (this.known = known),
  });

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
    new PageKeys(this, this.shortcut);
  }

  protected override willUpdate(): void {
    this.listening.wanted = may("incident.settle") && this.page !== null;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("known") && this.known) this.look();
  }

  override render() {
    const says = text().doubts;
    return html`<page-header wide home="/"></page-header>
      <main class=${this.chosen ? "deciding" : ""}>
        <section class="list" aria-label=${says.heading}>
          <header>
            <h1>${says.heading}</h1>
            <p class="soft small">${says.lead}</p>
            ${may("incident.settle") ? this.kinds() : nothing}
          </header>
          ${this.chosen ? nothing : this.told()} ${this.waiting()}
        </section>
        <div class="ground">${this.drawing()}</div>
        ${this.chosen ? this.deciding(this.chosen) : nothing}
      </main>`;
  }

  private kinds() {
    const says = text().doubts;
    return html`<div class="kinds" role="group" aria-label=${says.which}>
      ${KINDS.map(
        (kind) => html`<button aria-pressed=${kind === this.kind ? "true" : "false"} @click=${() => this.turn(kind)}>${says.kinds[kind]}</button>`,
      )}
    </div>`;
  }

  private waiting() {
    if (!sessionKnown()) return html`<state-note kind="loading"></state-note>`;
    if (!may("incident.settle")) return this.shut();
    if (!this.page) {
      return this.queue.render({
        pending: () => html`<state-note kind="loading"></state-note>`,
        error: (problem) => html`<state-note kind="problem" .problem=${problem} retriable @retry=${() => this.queue.run()}></state-note>`,
      });
    }
    if (this.problem && !this.chosen) return this.unread(this.problem);
    if (!this.page.items.length) return this.page.next ? html`<state-note kind="loading"></state-note>` : this.empty();
    return html`<doubt-list
      .items=${this.page.items}
      .chosen=${this.chosen?.id ?? null}
      ?more=${this.page.next !== null}
      ?busy=${this.busy}
      @chosen=${({ detail }: CustomEvent<string>) => this.choose(detail)}
      @more=${this.further}
    ></doubt-list>`;
  }

  private shut() {
    const says = text().doubts;
    const known = session().account !== null;
    return html`<div class="note" role="status">
      <p>${known ? says.notAllowed : says.signIn}</p>
      ${known ? nothing : html`<button @click=${() => askToSignIn(location.href)}>${text().signIn.open}</button>`}
    </div>`;
  }

  private unread(problem: unknown) {
    const again = (): void => {
      this.problem = null;
      void this.queue.run();
    };
    return html`<state-note kind="problem" .problem=${problem} retriable @retry=${again}></state-note>`;
  }

  private empty() {
    const says = text().doubts.empty[this.kind];
    return html`<div class="note" role="status"><p><strong>${says[0]}</strong></p><p class="soft small">${says[1]}</p></div>`;
  }

  // What became of the last choice.
  private told() {
    if (!this.outcome) return nothing;
    const says = text().doubts;
    const { kind, incident } = this.outcome;
    if (kind === "settled") return html`<p class="told" role="status">${says.settled(incident.title, incident.unit_name ?? "")}</p>`;
    const now = !incident ? says.gone : waits(this.kind, incident) ? says.changed : says.overtaken(incident.title, incident.unit_name ?? "");
    return html`<p class="told late" role="alert">${now}</p>`;
  }

  private drawing() {
    const { chosen, known, choice } = this;
    return this.ground.render({
      pending: () => nothing,
      error: (problem) => html`<state-note kind="problem" .problem=${problem} retriable @retry=${() => this.ground.run()}></state-note>`,
      complete: ({ bounds }) => html`<grid-map
          ?pointing=${chosen !== null}
          .bounds=${bounds}
          .overlays=${chosen ? overlaysOf(chosen, known, choice, inksOf(theme())) : []}
          .pin=${chosen ? [chosen.lon, chosen.lat] : null}
          @point=${({ detail }: CustomEvent<Picked>) => this.point(detail)}
          @wished=${({ detail }: CustomEvent<string>) => detail === "home" && this.look()}
        ></grid-map>
        <tool-bar @wish=${({ detail }: CustomEvent<MapWish>) => this.act(detail)}></tool-bar>`,
    });
  }

  private deciding(doubt: Doubted) {
    const says = text().doubts;
    return html`<section class="deciding" aria-label=${says.deciding}>
      <button class="back quiet" @click=${this.leave}>${says.back}</button>
      ${this.told()}
      <doubt-card
        .doubt=${doubt}
        .known=${this.known}
        .choice=${this.choice}
        .categories=${this.ground.value?.categories ?? []}
        .problem=${this.problem ?? this.knowing.error ?? null}
        ?busy=${this.busy}
        @picked=${({ detail }: CustomEvent<Choice>) => (this.choice = detail)}
        @unit=${({ detail }: CustomEvent<Unit>) => void this.name(detail, true)}
        @settle=${({ detail }: CustomEvent<Wish>) => void this.decide(doubt, detail)}
      ></doubt-card>
    </section>`;
  }

  private turn(kind: Kind): void {
    if (kind === this.kind) return;
    this.kind = kind;
    this.page = this.outcome = null;
    this.leave();
    history.replaceState(history.state, "", `${location.pathname}${location.search}${kind === "outside" ? "#outside" : ""}`);
  }

  private choose(id: string | null, outcome: Outcome | null = null): void {
    this.chosen = this.page?.items.find((each) => each.id === id) ?? null;
    this.known = this.choice = null;
    this.problem = null;
    this.outcome = outcome;
  }

  private readonly leave = (): void => {
    this.choose(null);
    void this.updateComplete.then(() => this.list?.focus());
  };

  // On the map all that it may be; where the map has nothing to show of it, the point with what lies about it.
  private look(): void {
    if (!this.chosen) return this.map?.fit(this.ground.value?.bounds ?? [-180, -85, 180, 85]);
    const points = extentOf(this.chosen, this.known);
    if (points.length > 1) this.map?.fit(boundsOf(points));
    else this.map?.fly({ lon: this.chosen.lon, lat: this.chosen.lat, zoom: 13 });
  }

  private act(wish: MapWish): void {
    if (wish === "zoomIn" || wish === "zoomOut") this.map?.zoom(wish === "zoomIn" ? 1 : -1);
    else this.look();
  }

  // The micro-grid at a place of the map: one of the candidates, or another.
  private async point({ lon, lat }: Picked): Promise<void> {
    const doubt = this.chosen;
    if (!doubt || this.busy) return;
    this.problem = null;
    try {
      const { units, located } = await answerAt({ lon, lat, crs: "EPSG:4326" });
      const unit = units.at(-1);
      if (unit && located === "inside" && this.chosen === doubt) await this.name(unit, false);
    } catch (problem) {
      this.problem = problem;
    }
  }

  private async name({ code, name }: Unit, seek: boolean): Promise<void> {
    const doubt = this.chosen;
    const listed = this.known?.choices.find((each) => each.code === code);
    const choice = listed ?? (await choiceOf({ code, name, share: null, outside: false }));
    if (this.chosen !== doubt) return;
    this.choice = choice;
    if (seek && doubt && choice.area) this.map?.fit(boundsOf([[doubt.lon, doubt.lat], ...extentOf(doubt, { choices: [choice], more: 0, unshifted: null })]));
  }

  private async decide(doubt: Doubted, { unit, reason }: Wish): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      const outcome = await settle(doubt, unit, reason);
      this.take(doubt, outcome);
    } catch (problem) {
      this.problem = problem;
    } finally {
      this.busy = false;
    }
    await this.refill();
  }

  // What is decided leaves the queue, and the next one comes up; what was only changed is decided on anew.
  private take(doubt: Doubted, outcome: Outcome): void {
    const items = this.page?.items ?? [];
    const at = items.findIndex(({ id }) => id === doubt.id);
    const again = outcome.incident && waits(this.kind, outcome.incident) ? [outcome.incident] : [];
    const rest = [...items.slice(0, Math.max(at, 0)), ...again, ...items.slice(at + 1)];
    this.page = { items: rest, next: this.page?.next ?? null };
    const next = rest[Math.min(Math.max(at, 0), rest.length - 1)];
    this.choose(PHONE.matches && !again.length ? null : (next?.id ?? null), outcome);
  }

  // Where all that was read is decided there may be more.
  private async refill(): Promise<void> {
    if (this.page && !this.page.items.length) await this.further();
  }

  private readonly further = async (): Promise<void> => {
    const { page, kind } = this;
    if (!page?.next || this.busy) return;
    this.busy = true;
    try {
      const more = await ask(kind, page.next);
      if (this.kind === kind) this.page = { items: [...page.items, ...more.items], next: more.next };
    } catch (problem) {
      this.problem = problem;
    } finally {
      this.busy = false;
    }
  };

  // Something changed somewhere: the first page anew, and whether the chosen one still waits.
  private async refresh(): Promise<void> {
    const { page, kind, chosen } = this;
    if (!page || this.busy) return;
    const fresh = await ask(kind, null).catch(() => null);
    if (!fresh || this.kind !== kind || this.busy || this.page !== page) return;
    this.page = merged(page, fresh);
    if (!chosen || this.page.items.some(({ id, version }) => id === chosen.id && version === chosen.version)) return;
    const incident = await read(chosen.id).catch(() => chosen);
    if (this.chosen === chosen && !this.busy && incident?.version !== chosen.version) this.take(chosen, { kind: "overtaken", incident });
    await this.refill();
  }

  private readonly shortcut = (event: KeyboardEvent): void => {
    const [target] = event.composedPath();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !this.chosen) return;
    if (event.composedPath().some((over) => over instanceof HTMLDialogElement)) return; // it has keys of its own
    const typing = target instanceof HTMLInputElement && target.type !== "radio";
    if (event.key === "Escape") this.leave();
    else if (!typing && /^[1-9]$/.test(event.key)) void this.card?.press(Number(event.key));
  };
}
