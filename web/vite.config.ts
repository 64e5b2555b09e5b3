import { defineConfig } from "vitest/config";

import { packed } from "./packed";
import { preloaded } from "./preloaded";

// The built pages are served by the API from its own package. A running service answers the development server.
const service = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [preloaded({ "map.html": "/src/map/map-page.ts" }), packed("../api/_web/assets")],
  build: {
    outDir: "../api/_web",
    emptyOutDir: true,
    license: { fileName: "third-party-notices.txt" },
    // One file of styles and no data: addresses, so that the pages run under a policy of 'self' alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "track.html", "map.html", "doubts.html"] },
  },
  worker: { format: "es" },
  server: { proxy: { "/v1": service, "/tiles": service, "/health": service, "/docs": service } },
  test: { include: ["tests/**/*.test.ts"] },
});
