// Who is signed in, and what that allows: one state for all components of the page.
import type { ReactiveController, ReactiveControllerHost } from "lit";

import { get, remove, send, tell } from "./api";

export interface Grant {
  id: number;
  role: string;
  // None for everything.
  unit_name: string | null;
  unit_name_en: string | null;
}

export interface Session {
  account: string | null;
  role: string;
  permissions: string[];
  grant: number | null;
  grants: Grant[];
  // Nothing else is allowed until the password is changed.
  must_change_password: boolean;
  // The identity provider that vouched; null for a password.
  provider: string | null;
}

export interface Provider {
  name: string;
  name_zh: string;
  name_en: string;
}

export interface OwnSession {
  id: number;
  current: boolean;
  role: string;
  unit_name: string | null;
  unit_name_en: string | null;
  begun_at: string;
  used_at: string;
}

const NOBODY: Session = {
  account: null,
  role: "public",
  permissions: ["station.read"],
  grant: null,
  grants: [],
  must_change_password: false,
  provider: null,
};
const changes = new EventTarget();
const wishes = new EventTarget();
let current: Session = NOBODY;
let known = false;

export const session = (): Session => current;
// Whether the service has said who this is, or that it cannot be asked.
export const sessionKnown = (): boolean => known;
export const may = (permission: string): boolean => current.permissions.includes(permission);

// Without an answer the page is shown as to the public; what needs the service says so itself.
export async function loadSession(): Promise<void> {
  show(await get<Session>("/v1/session").catch(() => NOBODY));
}

export async function signIn(account: string, password: string): Promise<void> {
  show(await send<Session>("/v1/session", { account, password }));
}

// Who came in by a provider is led to its own sign-out too: else the next person at this desk is let in unasked.
export async function signOut(): Promise<void> {
  const { provider } = current;
  await remove("/v1/session");
  if (provider) location.assign(`/sign-in/${provider}/sign-out`);
  else await loadSession();
}

export const loadProviders = (): Promise<Provider[]> => get<Provider[]>("/v1/session/providers").catch(() => []);

export async function signInBy(provider: string, then: string): Promise<void> {
  const { address } = await send<{ address: string }>(`/v1/session/providers/${provider}`, { next: then || "/" });
  location.assign(address);
}

export async function changePassword(present: string, next: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await tell("/v1/session/password", { method: "POST", headers, body: JSON.stringify({ present, next }) });
  await loadSession();
}

export const ownSessions = (): Promise<OwnSession[]> => get<OwnSession[]>("/v1/session/all");
export const endSession = (id: number): Promise<void> => remove(`/v1/session/all/${id}`);
export const endOtherSessions = (): Promise<void> => remove("/v1/session/all");

export async function actUnder(grant: number): Promise<void> {
  show(await send<Session>("/v1/session/grant", { grant }));
}

// Somebody wants what only the signed-in may see: the dialog opens, and leads there afterwards.
export function askToSignIn(then: string): void {
  wishes.dispatchEvent(new CustomEvent("wish", { detail: then }));
}

export function onWish(open: (then: string) => void): () => void {
  const listen = (event: Event) => open((event as CustomEvent<string>).detail);
  wishes.addEventListener("wish", listen);
  return () => wishes.removeEventListener("wish", listen);
}

function show(next: Session): void {
  current = next;
  known = true;
  changes.dispatchEvent(new Event("change"));
}

// Draws its component again when somebody signs in or out.
export class Admits implements ReactiveController {
  private readonly host: ReactiveControllerHost;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  hostConnected(): void {
    changes.addEventListener("change", this.draw);
  }

  hostDisconnected(): void {
    changes.removeEventListener("change", this.draw);
  }

  private readonly draw = (): void => this.host.requestUpdate();
}
