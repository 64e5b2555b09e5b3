// A report on its way to the service: what is sent, and the key that makes a repeated one the same report.
import { get, postFor } from "../kit/api";
import type { Category, Place } from "../kit/shapes";

export interface Report {
  category: string;
  description: string;
  place: Place;
}

// The incident as the service keeps it from now on.
export interface Receipt {
  id: string;
  unit_code: string | null;
  unit_name: string | null;
  located: string;
  team_name: string | null;
  due_at: string | null;
}

// An incident that was received, with what lets its reporter send photographs for a while.
export interface Received {
  receipt: Receipt;
  ticket: string | null;
}

export interface Group {
  head: Category;
  members: Category[];
}

// The same words and place keep their key, so that sending again after a lost answer repeats the same report.
export class Keyring {
  private body = "";
  private key = "";

  keyOf(body: unknown): string {
    const now = JSON.stringify(body);
    if (now !== this.body) {
      this.body = now;
      this.key = freshKey();
    }
    return this.key;
  }

  forget(): void {
    this.body = "";
  }
}

export function bodyOf({ category, description, place }: Report): Record<string, unknown> {
  return { category, channel: "snap", title: titleOf(description), description, ...place };
}

export function titleOf(description: string): string {
  const first = description.split(/[\n。.!！?？]/)[0]?.trim() || description.trim();
  return [...first].slice(0, 60).join("");
}

export async function send(body: unknown, key: string): Promise<Received> {
  const [receipt, ticket] = await postFor<Receipt>("/v1/incidents", body, key, "Photo-Ticket");
  return { receipt, ticket };
}

export async function loadCategories(signal: AbortSignal): Promise<Group[]> {
  const { categories } = await get<{ categories: Category[] }>("/v1/categories", signal);
  return grouped(categories);
}

export function grouped(categories: Category[]): Group[] {
  return categories
    .filter(({ parent }) => parent === null)
    .map((head) => ({ head, members: categories.filter(({ parent }) => parent === head.code) }));
}

// crypto.randomUUID is missing where the page came over plain HTTP from another computer.
function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
