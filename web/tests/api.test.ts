// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Refused, get, postFor, refusal } from "../src/kit/api";
import { setLanguage, text } from "../src/language";

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

beforeEach(() => setLanguage("zh"));
afterEach(() => vi.unstubAllGlobals());

describe("an answer of the service", () => {
  it("is asked for in the language of the page", async () => {
    const fetched = vi.fn(async (_path: string, _init: RequestInit) => answer(200, { ok: true }));
    vi.stubGlobal("fetch", fetched);
    await get("/v1/summary");
    expect(new Headers(fetched.mock.calls[0]?.[1].headers).get("Accept-Language")).toBe("zh");
  });

  it("carries the key of a report", async () => {
    const fetched = vi.fn(async (_path: string, _init: RequestInit) => answer(201, {}));
    vi.stubGlobal("fetch", fetched);
    await postFor("/v1/incidents", { title: "a" }, "key-1", "Photo-Ticket");
    expect(new Headers(fetched.mock.calls[0]?.[1].headers).get("Idempotency-Key")).toBe("key-1");
  });

  it("becomes a refusal with the service's own words", () => {
    const refused = refusal(422, { title: "输入无效。", detail: "第 3 行" });
    expect([refused.status, refused.title, refused.detail]).toEqual([422, "输入无效。", "第 3 行"]);
  });

  it("names the wrong fields where the service gives no other detail", () => {
    expect(refusal(400, { title: "a", faults: [{ at: "lon" }, { at: "title" }] }).detail).toBe("lon, title");
  });

  it("that never came is a refusal without a status", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("failed")));
    await expect(get("/v1/summary")).rejects.toMatchObject({ status: 0, title: text().offline.title });
  });

  it("that is no JSON is a refusal, whatever its status", async () => {
    vi.stubGlobal("fetch", async () => new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
    await expect(get("/v1/summary")).rejects.toBeInstanceOf(Refused);
  });
});
