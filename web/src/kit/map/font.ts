// The shipped font of the map's names: glyphs are drawn from a font of the page, which must be there first.
import "@fontsource-variable/noto-sans-sc/index.css";

const FAMILY = '"Noto Sans SC Variable"';
// Longer than this no first view waits: it is drawn in the system's font then.
const PATIENCE_MS = 800;

// Only the parts of the font that a text needs are fetched.
export async function fontFor(text: string): Promise<void> {
  const loaded = document.fonts.load(`400 16px ${FAMILY}`, `0aA${text}`).catch(() => []);
  await Promise.race([loaded, new Promise((done) => setTimeout(done, PATIENCE_MS))]);
}

// The other parts, once the first view stands: a name whose part is missing is drawn in the system's font.
export async function restOfFont(): Promise<void> {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  const rest = [...document.fonts].filter(({ family, status }) => family.includes("Noto Sans SC") && status === "unloaded");
  for (const part of rest) await part.load().catch(() => part);
}
