// What went wrong with a tile, as far as a person can do something about it.
export type Trouble = "session" | "offline" | "busy" | "past" | "other";

export function troubleOf(error: unknown): Trouble {
  const status = (error as { status?: number } | null)?.status;
  if (status === 401 || status === 403) return "session";
  if (status === 503 || status === 429) return "busy";
  if (status === 404) return "past";
  return status === undefined || status === 0 ? "offline" : "other";
}
