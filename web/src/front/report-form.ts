// A report by anyone: category, words and place; the answer says who answers for it.
import { Task } from "@lit/task";
import { LitElement, css, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import "../kit/place-field";
import "../kit/state-note";
import "./photo-field";
import { Refused } from "../kit/api";
import type { PlaceField } from "../kit/place-field";
import { shared } from "../kit/styles";
import { Speaks, count, language, moment, text } from "../language";
import type { PhotoField } from "./photo-field";
import { sendPicture } from "./pictures";
import { Keyring, bodyOf, loadCategories, send, type Group, type Received } from "./reports";

const MOST = 500;

@customElement("report-form")
export class ReportForm extends LitElement {
  static override styles = [
    shared,
    css`
      form {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: 1.1rem 2.5rem;
      }
      .column {
        display: grid;
        gap: 1.1rem;
        align-content: start;
      }
      .left {
        margin-top: 0.2rem;
        text-align: right;
      }
      .receipt {
        padding: 1.25rem;
        border-radius: 8px;
        background: var(--accent-wash);
      }
      dl {
        display: grid;
        grid-template-columns: max-content 1fr;
        gap: 0.35rem 1.25rem;
        margin: 0.75rem 0;
      }
      dt {
        color: var(--soft);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      .tracking {
        font-family: ui-monospace, "Noto Sans Mono", monospace;
        font-size: 0.9375rem;
        user-select: all;
      }
      .receipt button {
        margin-top: 0.75rem;
      }
    `,
  ];

  @state() private category = "";
  @state() private description = "";
  @state() private asked = false;
  @state() private busy = false;
  @state() private problem: unknown = null;
  @state() private received: Received | null = null;
  // Photographs on their way: those that have not arrived, of how many, and why the last one did not.
  @state() private waiting: { picture: Blob; place: number }[] = [];
  @state() private pictures = 0;
  @state() private trouble: unknown = null;
  @query("place-field") private readonly field!: PlaceField;
  @query("photo-field") private readonly photos!: PhotoField;

  private readonly keys = new Keyring();
  private readonly categories = new Task(this, { task: (_, { signal }) => loadCategories(signal), args: () => [] });

  constructor() {
    super();
    new Speaks(this);
  }

  override render() {
    if (this.received) return this.thanks(this.received);
    return this.categories.render({
      pending: () => html`<state-note kind="loading"></state-note>`,
      error: (problem) => html`<state-note
        kind="problem"
        .problem=${problem}
        retriable
        @retry=${() => this.categories.run()}
      ></state-note>`,
      complete: (groups) => this.form(groups),
    });
  }

  private form(groups: Group[]) {
    return html`<form novalidate @submit=${this.submit}>
      <div class="column">${this.what(groups)} ${this.words()}</div>
      <div class="column">
        <place-field></place-field>
        <photo-field></photo-field>
        ${this.problem ? this.refusal() : nothing}
        <div><button ?disabled=${this.busy}>${this.busy ? text().report.sending : text().report.submit}</button></div>
      </div>
    </form>`;
  }

  private what(groups: Group[]) {
    const says = text().report;
    const wrong = this.asked && !this.category;
    return html`<div>
      <label for="category">${says.category}</label>
      <select id="category" aria-invalid=${wrong ? "true" : "false"} aria-describedby="category-wrong" @change=${this.pick}>
        <option value="">${says.chooseCategory}</option>
        ${groups.map(({ head, members }) =>
          members.length
            ? html`<optgroup label=${own(head)}>${members.map((member) => this.option(member))}</optgroup>`
            : this.option(head),
        )}
      </select>
      <p id="category-wrong" class="wrong">${wrong ? says.badCategory : nothing}</p>
    </div>`;
  }

  private option(category: Group["head"]) {
    return html`<option value=${category.code} ?selected=${category.code === this.category}>${own(category)}</option>`;
  }

  private words() {
    const says = text().report;
    const wrong = this.asked && !this.description.trim();
    return html`<div>
      <label for="description">${says.description}</label>
      <textarea
        id="description"
        maxlength=${MOST}
        placeholder=${says.descriptionHint}
        .value=${this.description}
        aria-invalid=${wrong ? "true" : "false"}
        aria-describedby="description-wrong left"
        @input=${(event: Event) => (this.description = (event.target as HTMLTextAreaElement).value)}
      ></textarea>
      <p id="left" class="soft small left">${says.left(count(MOST - this.description.length))}</p>
      <p id="description-wrong" class="wrong">${wrong ? says.badDescription : nothing}</p>
    </div>`;
  }

  private refusal() {
    const unsure = this.problem instanceof Refused && this.problem.status === 0;
    return html`<div>
      <state-note kind="problem" .problem=${this.problem}></state-note>
      ${unsure ? html`<p class="small">${text().report.unsure}</p>` : nothing}
    </div>`;
  }

  private thanks({ receipt: { id, unit_name, unit_code, located, team_name, due_at } }: Received) {
    const says = text().report;
    return html`<div class="receipt" role="status" tabindex="-1">
      <h3>${says.done}</h3>
      <dl>
        <dt>${says.owner}</dt>
        <dd>
          ${unit_name} <span class="soft small figure">${unit_code}</span>
          ${located === "outside" ? html`<p class="small">${text().lookup.outside}</p>` : nothing}
        </dd>
        <dt>${says.team}</dt>
        <dd>${team_name ?? text().lookup.noTeam}</dd>
        ${due_at ? html`<dt>${says.due}</dt><dd>${moment(due_at)}</dd>` : nothing}
        <dt>${says.tracking}</dt>
        <dd><a class="tracking" href="/track/${id}?lang=${language()}">${id}</a></dd>
      </dl>
      <p class="small">${says.keep}</p>
      ${this.pictures ? this.progress() : nothing}
      <button class="quiet" @click=${this.another}>${says.again}</button>
    </div>`;
  }

  private progress() {
    const says = text().report;
    const arrived = this.pictures - this.waiting.length;
    return html`<p class="small photos">${says.photosSent(count(arrived), count(this.pictures))}</p>
      ${this.trouble
        ? html`<state-note kind="problem" .problem=${this.trouble} retriable @retry=${this.deliverPictures}></state-note>`
        : nothing}`;
  }

  private pick(event: Event): void {
    this.category = (event.target as HTMLSelectElement).value;
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    this.asked = true;
    const place = this.field.take();
    if (!place || !this.category || !this.description.trim()) return this.toFirstWrong();
    await this.deliver(bodyOf({ category: this.category, description: this.description.trim(), place }));
  }

  private async deliver(body: Record<string, unknown>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      const received = await send(body, this.keys.keyOf(body));
      this.waiting = this.photos.pictures.map((picture, at) => ({ picture, place: at + 1 }));
      this.pictures = this.waiting.length;
      this.received = received;
      this.keys.forget();
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLElement>(".receipt")?.focus();
      void this.deliverPictures();
    } catch (problem) {
      this.problem = problem;
    } finally {
      this.busy = false;
    }
  }

  // The incident is received already; each photograph arrives by itself, and what did not can be sent again.
  private async deliverPictures(): Promise<void> {
    this.trouble = null;
    const { receipt, ticket } = this.received!;
    try {
      for (const { picture, place } of [...this.waiting]) {
        await sendPicture(receipt.id, place, ticket ?? "", picture);
        this.waiting = this.waiting.filter((one) => one.place !== place);
      }
    } catch (problem) {
      this.trouble = problem;
    }
  }

  private another(): void {
    this.received = null;
    this.waiting = [];
    this.pictures = 0;
    this.trouble = null;
    this.category = this.description = "";
    this.asked = false;
  }

  private async toFirstWrong(): Promise<void> {
    await this.updateComplete;
    const own = this.renderRoot.querySelector<HTMLElement>('[aria-invalid="true"]');
    if (own) own.focus();
    else await this.field.toFirstWrong();
  }
}

const own = ({ name_zh, name_en }: Group["head"]): string => (language() === "zh" ? name_zh : name_en);
