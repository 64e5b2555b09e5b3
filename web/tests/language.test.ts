// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";

import { day, firstLanguage, nameOf, setLanguage, text } from "../src/language";

describe("the language of the page", () => {
  it("comes from the address, then from an earlier choice, then from the browser", () => {
    expect(firstLanguage("?lang=en", "zh", "zh-CN")).toBe("en");
    expect(firstLanguage("", "en", "zh-CN")).toBe("en");
    expect(firstLanguage("", null, "en-GB")).toBe("en");
    expect(firstLanguage("", null, "mn-CN")).toBe("zh");
  });

  it("is kept, written into the address and said to the browser", () => {
    setLanguage("en");
    expect(localStorage.getItem("wangge.language")).toBe("en");
    expect(new URLSearchParams(location.search).get("lang")).toBe("en");
    expect(document.documentElement.lang).toBe("en");
    expect(document.title).toBe(text().title);
  });

  it("falls back to the Chinese name where there is no English one", () => {
    setLanguage("en");
    expect(nameOf({ name: "兴安盟", name_en: "Hinggan League" })).toBe("Hinggan League");
    expect(nameOf({ name: "五一社区", name_en: null })).toBe("五一社区");
  });

  it("names the same day wherever the reader is", () => {
    setLanguage("en");
    expect(day("2026-03-01")).toBe("1 March 2026");
  });
});
