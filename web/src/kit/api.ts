// The one way to the service. Whatever goes wrong is a Refused, with words that a person can act on.
import { language, text } from "../language";

export class Refused extends Error {
  readonly title: string;
  readonly detail: string;
  // 0 when no answer came at all: the request may or may not have been carried out.
  readonly status: number;

  constructor(status: number, title: string, detail: string) {
    super(`${title} ${detail}`.trim());
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal ? { signal } : {});
}

// With a header of the answer beside its body.
export async function postFor<T>(path: string, body: unknown, key: string, header: string): Promise<[T, string | null]> {
  const answer = await reach(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
  });
  const said = await json(answer);
  if (!answer.ok) throw refusal(answer.status, said);
  return [said as T, answer.headers.get(header)];
}

// What is answered by nothing but that it was done.
export async function tell(path: string, init: RequestInit): Promise<void> {
  const answer = await reach(path, init);
  if (!answer.ok) throw refusal(answer.status, await json(answer));
}

export function send<T>(path: string, body: unknown): Promise<T> {
  return ask<T>(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

// Decided on a version of what is changed; a 412 says that there is a newer one.
export function decide<T>(path: string, body: unknown, version: number): Promise<T> {
  const headers = { "Content-Type": "application/json", "If-Match": `"${version}"` };
  return ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export function remove(path: string): Promise<void> {
  return tell(path, { method: "DELETE" });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await reach(path, init);
  const body = await json(answer);
  if (!answer.ok) throw refusal(answer.status, body);
  return body as T;
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Accept-Language", language());
  try {
    return await fetch(path, { ...init, headers });
  } catch (problem) {
    if (init.signal?.aborted) throw problem;
    throw new Refused(0, text().offline.title, text().offline.detail);
  }
}

async function json(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    throw new Refused(answer.status, text().unexpected.title, `${answer.status} ${answer.statusText}`.trim());
  }
}

export function refusal(status: number, body: unknown): Refused {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const { title } = problem;
  const detail = problem["detail"] ?? places(problem["faults"]);
  return new Refused(
    status,
    typeof title === "string" ? title : text().unexpected.title,
    typeof detail === "string" ? detail : "",
  );
}

// The fields that the service found wrong.
function places(faults: unknown): string {
  return Array.isArray(faults) ? faults.map(({ at }: { at: string }) => at).join(", ") : "";
}
