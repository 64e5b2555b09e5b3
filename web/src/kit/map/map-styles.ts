import { css } from "lit";

export const mapStyles = css`
  :host {
    position: relative;
    background: var(--ground);
  }
  .drawing {
    position: absolute;
    inset: 0;
  }
  .maplibregl-canvas:focus {
    outline: none;
  }
  .drawing:has(.maplibregl-canvas:focus-visible)::after {
    position: absolute;
    z-index: 2;
    inset: 0;
    border: 3px solid var(--accent);
    content: "";
    pointer-events: none;
  }
  /* Where Enter asks. */
  .cross {
    position: absolute;
    z-index: 2;
    top: 50%;
    left: 50%;
    display: none;
    width: 26px;
    height: 26px;
    color: var(--accent);
    transform: translate(-50%, -50%);
    pointer-events: none;
  }
  .drawing:has(.maplibregl-canvas:focus-visible) + .cross {
    display: block;
  }
  .none {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    max-width: 30rem;
    margin: auto;
    padding: 2rem;
    text-align: center;
  }
  .maplibregl-ctrl-bottom-left {
    left: var(--map-left, 0);
    bottom: var(--map-bottom, 0);
  }
  .maplibregl-ctrl-scale {
    border-color: var(--soft);
    background: color-mix(in srgb, var(--sheet) 75%, transparent);
    color: var(--ink);
    font-size: 0.75rem;
  }
  :host([pointing]) .maplibregl-canvas-container.maplibregl-interactive {
    cursor: crosshair;
  }
`;
