// Beside each large script and style its gzip, made once here rather than for each who asks.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const WORTH_IT = 1_000;

export function packed(folder: string): Plugin {
  return {
    name: "packed",
    apply: "build",
    closeBundle: () => {
      for (const name of readdirSync(folder)) pack(join(folder, name));
    },
  };
}

function pack(path: string): void {
  if (!/\.(js|css)$/.test(path)) return;
  const content = readFileSync(path);
  if (content.length >= WORTH_IT) writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
