import { expect, test } from "vitest";

import { Ahead } from "../src/kit/ahead";

test("whoever asks first has the answer that was begun, and nobody after", async () => {
  const ahead = new Ahead<number>();
  void ahead.begin(Promise.resolve(7));
  expect(await ahead.take()).toBe(7);
  expect(ahead.take()).toBeNull();
});

test("a question that fails is told of to whoever takes it, and else of nobody's concern", async () => {
  const ahead = new Ahead<number>();
  ahead.begin(Promise.reject(new Error("no"))).catch(() => null);
  await expect(ahead.take()).rejects.toThrow("no");
});
