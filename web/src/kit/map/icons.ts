// Signs of the map's buttons, drawn with the ink of their button.
import { html, svg } from "lit";

const drawn = (shape: unknown) => html`<svg
  viewBox="0 0 24 24"
  width="20"
  height="20"
  fill="none"
  stroke="currentColor"
  stroke-width="1.8"
  stroke-linecap="round"
  stroke-linejoin="round"
  aria-hidden="true"
>${shape}</svg>`;

export const icons = {
  zoomIn: drawn(svg`<path d="M12 5v14M5 12h14" />`),
  zoomOut: drawn(svg`<path d="M5 12h14" />`),
  home: drawn(svg`<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />`),
  measure: drawn(svg`<path d="M3 16 16 3l5 5L8 21zM7 12l2 2M10 9l3 3M13 6l2 2" />`),
  play: drawn(svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 7.5V12l3 2" />`),
  table: drawn(svg`<path d="M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9" />`),
  print: drawn(svg`<path d="M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z" />`),
  help: drawn(svg`<circle cx="12" cy="12" r="8.5" /><path d="M9.7 9.5a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.9-1.1 1.8M12 16.6v.1" />`),
  close: drawn(svg`<path d="M6 6l12 12M18 6 6 18" />`),
  go: drawn(svg`<path d="M8 5.5v13l10.5-6.5z" fill="currentColor" />`),
  pause: drawn(svg`<path d="M8.5 6v12M15.5 6v12" />`),
  back: drawn(svg`<path d="M15 6l-6 6 6 6" />`),
  on: drawn(svg`<path d="M9 6l6 6-6 6" />`),
};
