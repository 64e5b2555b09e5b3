import { afterEach, describe, expect, it, vi } from "vitest";

import { discOf, extentOf } from "../src/doubts/drawn";
import { boundsOf, merged, ordered, settle, waits, type Candidate, type Doubted, type Page } from "../src/doubts/queue";
import { reasonsOf } from "../src/doubts/reasons";
import { lengthOf } from "../src/kit/map/measure";

const doubt = (id: string, more: Partial<Doubted> = {}): Doubted =>
  ({ id, title: id, located: "inside", doubts: ["accuracy"], ambiguous: true, accuracy_m: 100, lon: 122, lat: 46, version: 1, ...more }) as Doubted;
const page = (ids: string, next: string | null): Page => ({ items: [...ids].map((id) => doubt(id)), next });
const ids = ({ items }: Page) => items.map(({ id }) => id).join("");
const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

afterEach(() => vi.unstubAllGlobals());

describe("the queue", () => {
  it("keeps what was read beyond its first page when that is read anew", () => {
    const again = merged(page("bcdefg", "after g"), page("abc", "after c"));
    expect([ids(again), again.next]).toEqual(["abcdefg", "after g"]);
  });

  it("drops what was settled elsewhere, and begins anew where nothing is left to join", () => {
    expect(ids(merged(page("abcdef", "after f"), page("abd", "after d")))).toBe("abdef");
    const moved = merged(page("wxyz", "after z"), page("abc", "after c"));
    expect([ids(moved), moved.next]).toEqual(["abc", "after c"]);
    expect(ids(merged(page("abcdef", null), page("b", null)))).toBe("b");
  });

  it("goes on behind its last row where nothing was read beyond", () => {
    expect(merged(page("abc", "after c"), page("abc", "after c, again")).next).toBe("after c, again");
  });

  it("holds an incident as long as its own question is open", () => {
    expect([waits("doubtful", doubt("a")), waits("outside", doubt("a")), waits("outside", doubt("a", { located: "outside" }))]).toEqual([true, false, true]);
    expect(waits("doubtful", doubt("a", { ambiguous: false, located: "settled" }))).toBe(false);
  });

  it("puts the likeliest candidate first, and the outside of all last", () => {
    const candidate = (code: string, share: number | null, outside = false): Candidate => ({ unit_id: 1, code, name: code, share, outside });
    const found = ordered([candidate("root", 0.6, true), candidate("few", 0.1), candidate("none", null), candidate("most", 0.3)]);
    expect(found.map(({ code }) => code)).toEqual(["most", "few", "none", "root"]);
  });
});

describe("a choice", () => {
  it("is made on the version that was seen", async () => {
    const fetched = vi.fn().mockResolvedValue(answer(200, doubt("a", { version: 5 })));
    vi.stubGlobal("fetch", fetched);
    expect((await settle(doubt("a", { version: 4 }), "M2", "x")).kind).toBe("settled");
    const [path, init] = fetched.mock.calls[0] as [string, RequestInit];
    expect([path, new Headers(init.headers).get("If-Match"), init.body]).toEqual(["/v1/incidents/a/settle", '"4"', '{"unit":"M2","reason":"x"}']);
  });

  it("that comes too late says how the incident stands now, or that it is gone", async () => {
    for (const status of [404, 409, 412]) {
      const after = doubt("a", { version: 9, ambiguous: false });
      vi.stubGlobal("fetch", vi.fn().mockResolvedValueOnce(answer(status, {})).mockResolvedValueOnce(answer(200, after)));
      expect(await settle(doubt("a"), "M2", "x")).toEqual({ kind: "overtaken", incident: after });
      vi.stubGlobal("fetch", vi.fn().mockImplementation(() => Promise.resolve(answer(404, {}))));
      expect(await settle(doubt("a"), "M2", "x")).toEqual({ kind: "overtaken", incident: null });
    }
  });

  it("that the service refuses is told as the service says it", async () => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(answer(422, { title: "not a candidate" })));
    await expect(settle(doubt("a"), "M9", "x")).rejects.toMatchObject({ status: 422, title: "not a candidate" });
  });
});

describe("what the map shows of a doubt", () => {
  it("is a disc that is round on the ground, not in degrees", () => {
    const ring = discOf(122, 46, 250);
    for (const at of ring) expect(lengthOf([[122, 46], at])).toBeCloseTo(250, 3);
    expect(ring[0]).toEqual(ring.at(-1));
  });

  it("is all in view: the disc, and where the point were unshifted", () => {
    const [west, south, east, north] = boundsOf(extentOf(doubt("a", { accuracy_m: 100 }), { choices: [], more: 0, unshifted: [122.5, 46.1] }));
    expect([east, north]).toEqual([122.5, 46.1]);
    expect([west < 122 - 0.001, south < 46 - 0.0008]).toEqual([true, true]);
  });
});

it("says in words why a place is in doubt", () => {
  expect(reasonsOf(doubt("a", { accuracy_m: 1500 }))).toEqual(["定位误差 1.50 km，可能属于多个微网格"]);
  expect(reasonsOf(doubt("a", { doubts: ["far_from_building", "gcj02"] }))).toHaveLength(2);
  expect(reasonsOf(doubt("a", { doubts: [], located: "outside" }))).toEqual(["不在任何微网格之内"]);
});
