// The own account: its password, which must be changed first if somebody else made it, and its sessions everywhere.
import { LitElement, css, html, nothing } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import "./state-note";
import { Speaks, language, nameOf, text } from "../language";
import { Admits, changePassword, endOtherSessions, endSession, ownSessions, session } from "./session";
import type { OwnSession } from "./session";
import { shared } from "./styles";

const SHORTEST = 12;

@customElement("own-account")
export class OwnAccount extends LitElement {
  static override styles = [
    shared,
    css`
      .open {
        min-height: 2.25rem;
        padding: 0.2rem 0.8rem;
        font-size: 0.875rem;
      }
      dialog {
        width: min(30rem, calc(100vw - 2rem));
        padding: 1.5rem;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--sheet);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      form,
      ul {
        display: grid;
        gap: 0.9rem;
        margin: 0.75rem 0 0;
        padding: 0;
      }
      li {
        display: flex;
        gap: 1rem;
        align-items: center;
        justify-content: space-between;
        padding-bottom: 0.9rem;
        border-bottom: 1px solid var(--line);
        list-style: none;
      }
      section {
        margin-top: 1.25rem;
      }
      li strong {
        white-space: nowrap;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 0.75rem;
        margin-top: 1rem;
      }
    `,
  ];

  @state() private sessions: OwnSession[] = [];
  @state() private problem: unknown = null;
  @state() private different = false;
  @state() private changed = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  constructor() {
    super();
    new Speaks(this);
    new Admits(this);
  }

  override updated(): void {
    if (session().must_change_password && !this.dialog.open) void this.open();
  }

  override render() {
    const says = text().ownAccount;
    const forced = session().must_change_password;
    return html`<button class="quiet open" @click=${this.open}>${says.open}</button>
      <dialog aria-labelledby="own" @cancel=${(event: Event) => forced && event.preventDefault()}>
        <h2 id="own">${says.heading}</h2>
        ${this.problem ? html`<state-note kind="problem" .problem=${this.problem}></state-note>` : nothing}
        ${session().provider ? nothing : this.password(forced)} ${forced ? nothing : this.everywhere()}
        ${forced
          ? nothing
          : html`<div class="buttons"><button class="quiet" @click=${() => this.dialog.close()}>${says.close}</button></div>`}
      </dialog>`;
  }

  private password(forced: boolean) {
    const says = text().ownAccount;
    return html`<section>
      <h3>${says.password}</h3>
      ${forced ? html`<p class="small">${says.forced}</p>` : nothing}
      ${this.changed ? html`<p class="small" role="status">${says.changed}</p>` : nothing}
      <form @submit=${this.change}>
        ${this.field("present", says.present, "current-password")} ${this.field("next", says.next, "new-password")}
        ${this.field("again", says.again, "new-password")}
        <p class="small soft">${says.rule}</p>
        ${this.different ? html`<p class="wrong" role="alert">${says.different}</p>` : nothing}
        <div><button>${says.change}</button></div>
      </form>
    </section>`;
  }

  private field(name: string, label: string, kind: "current-password" | "new-password") {
    const least = kind === "new-password" ? SHORTEST : 1;
    return html`<div>
      <label for=${name}>${label}</label>
      <input id=${name} name=${name} type="password" autocomplete=${kind} minlength=${least} maxlength="128" required />
    </div>`;
  }

  private everywhere() {
    const says = text().ownAccount;
    return html`<section>
      <h3>${says.sessions}</h3>
      <p class="small soft">${says.sessionsLead}</p>
      <ul>
        ${this.sessions.map((one) => this.line(one))}
      </ul>
      ${this.sessions.length > 1
        ? html`<button class="quiet" @click=${() => this.end(endOtherSessions)}>${says.endOthers}</button>`
        : nothing}
    </section>`;
  }

  private line(one: OwnSession) {
    const says = text().ownAccount;
    const role = text().signIn.roles[one.role] ?? one.role;
    const { unit_name: name, unit_name_en: name_en } = one;
    const place = name === null ? text().signIn.everything : nameOf({ name, name_en });
    return html`<li>
      <span class="small">
        ${role} · ${place}<br /><span class="soft">${says.times(moment(one.begun_at), moment(one.used_at))}</span>
      </span>
      ${one.current
        ? html`<strong class="small">${says.current}</strong>`
        : html`<button class="quiet open" @click=${() => this.end(() => endSession(one.id))}>${says.end}</button>`}
    </li>`;
  }

  private readonly open = async (): Promise<void> => {
    this.problem = null;
    this.changed = false;
    if (!this.dialog.open) this.dialog.showModal();
    if (!session().must_change_password) await this.end(async () => undefined);
  };

  private async end(work: () => Promise<void>): Promise<void> {
    await this.attempt(async () => {
      await work();
      this.sessions = await ownSessions();
    });
  }

  private async change(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    this.different = given.get("next") !== given.get("again");
    if (this.different) return;
    await this.attempt(async () => {
      await changePassword(String(given.get("present")), String(given.get("next")));
      form.reset();
      this.changed = true;
      this.sessions = await ownSessions();
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    this.problem = null;
    try {
      await work();
    } catch (problem) {
      this.problem = problem;
    }
  }
}

const moment = (at: string): string =>
  new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "short", timeStyle: "short" }).format(
    new Date(at),
  );
