// What a page's own program is going to import is named in the page's head, so that it comes with the first program.
import type { HtmlTagDescriptor, Plugin, Rolldown } from "vite";

export function preloaded(of: Readonly<Record<string, string>>): Plugin {
  return {
    name: "preloaded",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { path, bundle }) => {
        const program = of[path.replace(/^\//, "")];
        if (!program || !bundle) return [];
        return tagsOf(chunksOf(bundle, program)).filter(({ attrs }) => !html.includes(String(attrs?.["href"])));
      },
    },
  };
}

// A chunk and all that it imports.
function chunksOf(bundle: Rolldown.OutputBundle, program: string): Rolldown.OutputChunk[] {
  const chunks = new Map(Object.values(bundle).flatMap((each) => (each.type === "chunk" ? [[each.fileName, each] as const] : [])));
  const first = [...chunks.values()].find(({ facadeModuleId }) => facadeModuleId?.endsWith(program));
  const found = new Set(first ? [first] : []);
  for (const chunk of found) for (const name of chunk.imports) found.add(chunks.get(name) ?? chunk);
  return [...found];
}

function tagsOf(chunks: readonly Rolldown.OutputChunk[]): HtmlTagDescriptor[] {
  const styles = new Set(chunks.flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]));
  return [
    ...chunks.map(({ fileName }) => tag({ rel: "modulepreload", crossorigin: true, href: `/${fileName}` })),
    ...[...styles].map((name) => tag({ rel: "preload", as: "style", crossorigin: true, href: `/${name}` })),
  ];
}

const tag = (attrs: HtmlTagDescriptor["attrs"]): HtmlTagDescriptor => ({ tag: "link", attrs: attrs ?? {}, injectTo: "head" });
