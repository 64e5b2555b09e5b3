import { css } from "lit";

// The map fills the page below its header; the panel lies over it, on a phone as a sheet from below.
export const pageStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    grid-template-columns: minmax(0, 1fr);
    height: 100dvh;
  }
  .skip {
    position: absolute;
    z-index: 5;
    left: -99rem;
  }
  .skip:focus {
    top: 0.5rem;
    left: 1rem;
    padding: 0.5rem 1rem;
    background: var(--sheet);
  }
  main {
    position: relative;
    overflow: hidden;
    --panel: 0px;
  }
  main.with-panel {
    --panel: 23rem;
    --map-left: 23rem;
  }
  .maps {
    position: absolute;
    inset: 0;
    display: grid;
    grid-auto-columns: 1fr;
    grid-auto-flow: column;
    gap: 3px;
    background: var(--ink);
  }
  .maps.two {
    left: var(--panel);
    --map-left: 0px;
  }
  .maps grid-map {
    height: 100%;
  }
  .whole-note {
    position: absolute;
    top: 20%;
    left: 50%;
    width: min(30rem, calc(100% - 2rem));
    transform: translateX(-50%);
  }
  .panel {
    position: absolute;
    top: 0.75rem;
    left: 0.75rem;
    width: 21.5rem;
    max-height: calc(100% - 1.5rem);
    overflow: auto;
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--sheet);
    box-shadow: 0 2px 10px rgb(0 0 0 / 12%);
  }
  .panel:not(.open) {
    width: auto;
  }
  .fold {
    position: sticky;
    z-index: 1;
    top: 0;
    display: block;
    width: 100%;
    min-height: 2.25rem;
    padding: 0.2rem 1rem;
    border: 0;
    border-radius: 0;
    background: var(--sheet);
    color: var(--soft);
    font-size: 0.875rem;
    text-align: right;
  }
  .fold:focus-visible {
    outline-offset: -3px;
  }
  .handle {
    display: none;
  }
  .panel:not(.open) .fold {
    color: var(--ink);
    text-align: center;
  }
  thing-card {
    margin: 0 1.25rem 1rem;
    box-shadow: none;
  }
  unit-lookup {
    padding: 0 1.25rem 1.1rem;
    border-bottom: 1px solid var(--line);
  }
  layer-list {
    padding: 1rem 1.25rem 0.75rem;
  }
  past-field {
    padding: 0.75rem 1.25rem 1rem;
    border-top: 1px solid var(--line);
  }
  .invite {
    padding: 0.9rem 1.25rem;
    border-top: 1px solid var(--line);
    background: var(--sunken);
  }
  .invite button {
    min-height: 2rem;
    margin-top: 0.4rem;
    padding: 0.1rem 0.9rem;
  }
  tool-bar {
    position: absolute;
    top: 0.75rem;
    right: 0.75rem;
  }
  .tool {
    position: absolute;
    top: 0.75rem;
    right: 4.25rem;
    width: 17rem;
  }
  .dock {
    position: absolute;
    right: 4.25rem;
    bottom: 2rem;
    left: calc(var(--panel) + 0.75rem);
    max-width: 56rem;
    margin: 0 auto;
  }
  .table {
    max-width: none;
    height: 42%;
    margin: 0;
  }
  @media (max-width: 46rem) {
    main,
    main.with-panel {
      --panel: 0px;
      --map-left: 0px;
      --map-bottom: 2.9rem;
    }
    .maps.two {
      bottom: 2.9rem;
      --map-bottom: 0px;
    }
    .maps {
      grid-auto-columns: auto;
      grid-auto-flow: row;
      grid-auto-rows: 1fr;
    }
    .panel,
    .panel:not(.open) {
      z-index: 2;
      top: auto;
      right: 0;
      bottom: 0;
      left: 0;
      width: auto;
      max-height: 62%;
      border-width: 1px 0 0;
      border-radius: 14px 14px 0 0;
    }
    .fold,
    .panel:not(.open) .fold {
      min-height: 2.9rem;
      padding-top: 0.7rem;
      color: var(--ink);
      text-align: center;
    }
    .handle {
      position: absolute;
      top: 0.35rem;
      left: 50%;
      display: block;
      width: 2.5rem;
      height: 4px;
      border-radius: 2px;
      background: var(--land-line);
      transform: translateX(-50%);
    }
    .tool {
      right: 0.75rem;
      bottom: 4.6rem;
      left: 0.75rem;
      top: auto;
      width: auto;
    }
    .dock {
      right: 0.5rem;
      bottom: 4.4rem;
      left: 0.5rem;
    }
    .table {
      height: 55%;
    }
  }
`;
