// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import "../src/kit/unit-lookup";
import type { UnitLookup } from "../src/kit/unit-lookup";
import { setLanguage, text } from "../src/language";

const unit = (unit_id: number, name: string) => ({ unit_id, level: "micro_grid", code: `c${unit_id}`, name, synthetic: true });
const team = { code: "T", name: "红城义警", kind: "patrol", phone: null };
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

let page: UnitLookup;

beforeEach(async () => {
  setLanguage("zh");
  page = document.createElement("unit-lookup") as UnitLookup;
  document.body.append(page);
  await page.updateComplete;
});
afterEach(() => {
  page.remove();
  vi.unstubAllGlobals();
});

async function shown(): Promise<string> {
  await vi.waitFor(() => {
    if (page.shadowRoot?.querySelector('state-note[kind="loading"]')) throw new Error("busy");
  });
  await page.updateComplete;
  const inner = page.shadowRoot?.querySelector<HTMLElement & { updateComplete: Promise<boolean> }>(".result > *");
  await inner?.updateComplete;
  return inner?.shadowRoot?.textContent ?? inner?.textContent ?? "";
}

describe("the look-up", () => {
  it("answers for a point with the path, the micro-grid and the team", async () => {
    const units = [unit(1, "兴安盟"), unit(9, "第九微网格")];
    vi.stubGlobal("fetch", async () => json({ lon: 122.07, lat: 46.08, located: "inside", units, team }));
    await page.at({ lon: 122.07, lat: 46.08, crs: "EPSG:4326" });
    const words = await shown();
    expect(words).toContain("兴安盟");
    expect(words.split("第九微网格")).toHaveLength(2);
    expect(words).toContain("红城义警");
  });

  it("says so when a point lies outside of every micro-grid", async () => {
    vi.stubGlobal("fetch", async () => json({ lon: 1, lat: 1, located: "outside", units: [unit(1, "兴安盟")], team }));
    await page.at({ lon: 1, lat: 1, crs: "EPSG:4326" });
    expect(await shown()).toContain(text().lookup.outside);
  });

  it("shows the service's words when it refuses", async () => {
    vi.stubGlobal("fetch", async () => json({ title: "服务暂时不可用，请稍后重试。" }, 503));
    await page.at({ lon: 122, lat: 46, crs: "EPSG:4326" });
    expect(await shown()).toContain("服务暂时不可用");
  });

  it("keeps to what was asked last, though an earlier answer comes later", async () => {
    let answerLate: (answer: Response) => void = () => undefined;
    const late = new Promise<Response>((resolve) => (answerLate = resolve));
    const owner = (name: string) => json({ lon: 122, lat: 46, located: "inside", units: [unit(2, name)], team });
    vi.stubGlobal("fetch", async (path: string) => (path.includes("lon=121") ? late : owner("后来的")));
    const first = page.at({ lon: 121, lat: 46, crs: "EPSG:4326" });
    await page.updateComplete;
    await page.at({ lon: 122, lat: 46, crs: "EPSG:4326" });
    answerLate(owner("先前的"));
    await first;
    const words = await shown();
    expect(words).toContain("后来的");
    expect(words).not.toContain("先前的");
  });
});
