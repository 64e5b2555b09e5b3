// Why somebody should look at an incident's place, in words.
import { figure, text } from "../language";
import { metres } from "../kit/map/measure";
import type { Doubted } from "./queue";

export function reasonsOf({ doubts, located, accuracy_m }: Pick<Doubted, "doubts" | "located" | "accuracy_m">): string[] {
  const says = text().doubts.reasons;
  const told = doubts.map((doubt) => {
    if (doubt === "accuracy" && accuracy_m) return says.accuracy(metres(accuracy_m, figure));
    return says.others[doubt] ?? doubt;
  });
  return located === "outside" && !told.length ? [says.outside] : told;
}
