// Who is signed in, and what that allows: one state for all components of the page.
import type { ReactiveController, ReactiveControllerHost } from "lit";

import { get, remove, send } from "./api";

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
}

const NOBODY: Session = { account: null, role: "public", permissions: ["station.read"], grant: null, grants: [] };
const changes = new EventTarget();
const wishes = new EventTarget();
let current: Session = NOBODY;

export const session = (): Session => current;
export const may = (permission: string): boolean => current.permissions.includes(permission);

// Without an answer the page is shown as to the public; what needs the service says so itself.
export async function loadSession(): Promise<void> {
  show(await get<Session>("/v1/session").catch(() => NOBODY));
}

export async function signIn(account: string, password: string): Promise<void> {
  show(await send<Session>("/v1/session", { account, password }));
}

export async function signOut(): Promise<void> {
  await remove("/v1/session");
  await loadSession();
}

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
