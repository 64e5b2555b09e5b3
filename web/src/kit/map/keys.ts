// The keys of a map that has the focus; a crosshair in its middle stands for the pointer.
export type Move = "left" | "right" | "up" | "down" | "in" | "out" | "home" | "pick" | "back" | "leave";

const KEYS: Readonly<Record<string, Move>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  "+": "in",
  "=": "in",
  "-": "out",
  _: "out",
  Home: "home",
  "0": "home",
  Enter: "pick",
  Backspace: "back",
  Escape: "leave",
};

export function moveOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): Move | null {
  return ctrlKey || metaKey || altKey ? null : (KEYS[key] ?? null);
}

// Steps to the right and downwards.
export const STEPS: Readonly<Partial<Record<Move, readonly [number, number]>>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};
