import { describe, expect, it } from "vitest";

import { marks, numberIn, numberOf, type Progress } from "../src/track/progress";

const NUMBER = "01a20781-72c0-7de1-b3fc-effdafb745ac";

describe("a tracking number", () => {
  it("is read however it was copied", () => {
    for (const typed of [NUMBER, ` ${NUMBER}\n`, NUMBER.toUpperCase(), NUMBER.replaceAll("-", ""), NUMBER.replaceAll("-", " – ")])
      expect(numberOf(typed)).toBe(NUMBER);
  });

  it("is not made of what cannot be one", () => {
    for (const typed of ["", "1", NUMBER.slice(1), `${NUMBER}0`, "../../v1/incidents", "x".repeat(32)])
      expect(numberOf(typed)).toBeNull();
  });

  it("stands in the address of the page", () => {
    expect(numberIn(`/track/${NUMBER}`)).toBe(NUMBER);
    expect(numberIn("/track")).toBe("");
  });
});

describe("the stages of a report", () => {
  const at = "2026-03-01T01:30:00Z";
  const progress: Progress = {
    state: "closed",
    since: at,
    stage: "close",
    received_at: at,
    due_at: null,
    stages: [
      { stage: "report", at },
      { stage: "assign", at },
      { stage: "handle", at },
      { stage: "supervise", at: null },
      { stage: "close", at },
      { stage: "revisit", at: null },
      { stage: "archive", at: null },
    ],
  };

  it("are behind it, skipped, where it is, or ahead", () => {
    expect(marks(progress).map(({ standing }) => standing)).toEqual([
      "done", "done", "done", "skipped", "now", "ahead", "ahead",
    ]);
  });
});
