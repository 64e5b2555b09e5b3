// Signing in and out, in the header: the account and its grants, or a button that opens the dialog.
import { LitElement, css, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import "./own-account";
import "./state-note";
import { Speaks, language, nameOf, text } from "../language";
import { Admits, actUnder, loadProviders, onWish, session, signIn, signInBy, signOut } from "./session";
import type { Grant, Provider } from "./session";
import { shared } from "./styles";

@customElement("sign-in")
export class SignIn extends LitElement {
  static override styles = [
    shared,
    css`
      .who {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 0.6rem;
        align-items: center;
        font-size: 0.875rem;
      }
      @media (max-width: 46rem) {
        :host([brief]) .soft {
          display: none;
        }
      }
      .who button,
      .open {
        min-height: 2.25rem;
        padding: 0.2rem 0.8rem;
        font-size: 0.875rem;
      }
      .who select {
        width: auto;
        max-width: 16rem;
        min-height: 2.25rem;
        padding: 0.15rem 0.5rem;
        font-size: 0.875rem;
      }
      dialog {
        width: min(24rem, calc(100vw - 2rem));
        padding: 1.5rem;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--sheet);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      form {
        display: grid;
        gap: 1rem;
        margin-top: 1rem;
      }
      .providers {
        display: grid;
        gap: 0.6rem;
        margin-top: 1.25rem;
        padding-top: 1.25rem;
        border-top: 1px solid var(--line);
      }
      .buttons {
        display: flex;
        gap: 0.75rem;
      }
    `,
  ];

  @state() private busy = false;
  @state() private problem: unknown = null;
  @state() private providers: Provider[] = [];
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  private then = "";
  private deaf: () => void = () => undefined;

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.deaf = onWish((then) => this.open(then));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.deaf();
  }

  override render() {
    return html`${session().account ? this.known() : this.unknown()}${this.form()}`;
  }

  private unknown() {
    return html`<button class="quiet open" @click=${() => this.open("")}>${text().signIn.open}</button>`;
  }

  private known() {
    const { account, grants, grant } = session();
    const says = text().signIn;
    return html`<div class="who" role="group" aria-label=${says.label}>
      <strong>${account}</strong>
      ${grants.length > 1
        ? html`<select aria-label=${says.grant} @change=${this.change}>
            ${grants.map((one) => html`<option value=${one.id} ?selected=${one.id === grant}>${words(one)}</option>`)}
          </select>`
        : html`<span class="soft">${grants.map(words)}</span>`}
      <own-account></own-account>
      <button class="quiet" @click=${signOut}>${says.leave}</button>
    </div>`;
  }

  private form() {
    const says = text().signIn;
    return html`<dialog aria-labelledby="heading" @close=${this.forget}>
      <h2 id="heading">${says.heading}</h2>
      <p class="soft small">${says.lead}</p>
      <form @submit=${this.submit}>
        <div>
          <label for="account">${says.account}</label>
          <input id="account" name="account" autocomplete="username" autocapitalize="none" spellcheck="false" required />
        </div>
        <div>
          <label for="password">${says.password}</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required />
        </div>
        ${this.problem ? html`<state-note kind="problem" .problem=${this.problem}></state-note>` : nothing}
        <div class="buttons">
          <button ?disabled=${this.busy}>${says.submit}</button>
          <button type="button" class="quiet" @click=${() => this.dialog.close()}>${says.cancel}</button>
        </div>
      </form>
      ${this.providers.length ? this.others() : nothing}
    </dialog>`;
  }

  private others() {
    return html`<div class="providers">
      <p class="soft small">${text().signIn.others}</p>
      ${this.providers.map(
        (one) => html`<button type="button" class="quiet" ?disabled=${this.busy} @click=${() => this.by(one)}>
          ${language() === "zh" ? one.name_zh : one.name_en}
        </button>`,
      )}
    </div>`;
  }

  private open(then: string): void {
    this.then = then;
    if (!this.dialog.open) this.dialog.showModal();
    void loadProviders().then((known) => (this.providers = known));
  }

  private by({ name }: Provider): Promise<void> {
    return this.attempt(() => signInBy(name, this.then));
  }

  private forget(): void {
    this.problem = null;
    this.renderRoot.querySelector("form")?.reset();
  }

  private async submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    await this.attempt(async () => {
      await signIn(String(given.get("account")).trim(), String(given.get("password")));
      this.dialog.close();
      if (this.then && !session().must_change_password) location.assign(this.then);
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      await work();
    } catch (problem) {
      this.problem = problem;
    } finally {
      this.busy = false;
    }
  }

  private change(event: Event): void {
    void actUnder(Number((event.target as HTMLSelectElement).value));
  }
}

function words({ role, unit_name, unit_name_en }: Grant): string {
  const says = text().signIn;
  const place = unit_name === null ? says.everything : nameOf({ name: unit_name, name_en: unit_name_en });
  return `${says.roles[role] ?? role} · ${place}`;
}
