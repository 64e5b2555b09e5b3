import { describe, expect, it } from "vitest";

import { Keyring, bodyOf, grouped, titleOf } from "../src/front/reports";

const place = { lon: 122.07, lat: 46.08, crs: "gcj02" };

describe("a report", () => {
  it("keeps its key while it says the same, and takes a new one when it does not", () => {
    const keys = new Keyring();
    const first = keys.keyOf({ description: "a" });
    expect(keys.keyOf({ description: "a" })).toBe(first);
    const second = keys.keyOf({ description: "b" });
    expect(second).not.toBe(first);
    expect(second).toMatch(/^[0-9a-f]{32}$/);
  });

  it("takes a new key after it was received, also for the same words", () => {
    const keys = new Keyring();
    const first = keys.keyOf({ description: "a" });
    keys.forget();
    expect(keys.keyOf({ description: "a" })).not.toBe(first);
  });

  it("is titled by its first sentence", () => {
    expect(titleOf("3号楼东侧井盖缺失。请尽快处理。")).toBe("3号楼东侧井盖缺失");
    expect(titleOf("。。")).toBe("。。");
    expect([...titleOf("𠮷".repeat(80))]).toHaveLength(60);
  });

  it("sends the declared reference system beside the coordinate", () => {
    expect(bodyOf({ category: "other", description: "灯不亮", place })).toEqual({
      category: "other",
      channel: "snap",
      title: "灯不亮",
      description: "灯不亮",
      ...place,
    });
  });

  it("offers categories under their heads", () => {
    const category = (code: string, parent: string | null) => ({ code, parent, name_zh: code, name_en: code });
    const groups = grouped([category("hazard", null), category("hazard.gas", "hazard"), category("other", null)]);
    expect(groups.map(({ head, members }) => [head.code, members.map(({ code }) => code)])).toEqual([
      ["hazard", ["hazard.gas"]],
      ["other", []],
    ]);
  });
});
