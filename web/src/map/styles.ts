import { css } from "lit";

// The map fills the page below its header; the panel lies over it, on a phone as a sheet from below.
export const pageStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    height: 100dvh;
  }
  main {
    position: relative;
    overflow: hidden;
  }
  grid-map {
    position: absolute;
    inset: 0;
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
  .panel:not(.open) .fold {
    color: var(--ink);
    text-align: center;
  }
  unit-lookup {
    padding: 0 1.25rem 1.1rem;
    border-bottom: 1px solid var(--line);
  }
  layer-list {
    padding: 1rem 1.25rem 0.75rem;
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
  .buttons {
    position: absolute;
    top: 0.75rem;
    right: 0.75rem;
    display: grid;
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--sheet);
    box-shadow: 0 2px 10px rgb(0 0 0 / 12%);
    overflow: hidden;
  }
  .buttons button {
    width: 2.5rem;
    min-height: 2.5rem;
    padding: 0;
    border: 0;
    border-radius: 0;
    background: var(--sheet);
    font-size: 1.125rem;
  }
  .buttons button + button {
    border-top: 1px solid var(--line);
  }
  .trouble {
    position: absolute;
    bottom: 0.75rem;
    left: 50%;
    max-width: min(30rem, 90%);
    padding: 0.5rem 1rem;
    border: 1px solid var(--bad);
    border-radius: 8px;
    background: var(--bad-wash);
    transform: translateX(-50%);
  }
  @media (max-width: 46rem) {
    .panel {
      top: auto;
      right: 0;
      bottom: 0;
      left: 0;
      width: auto;
      max-height: 62%;
      border-width: 1px 0 0;
      border-radius: 14px 14px 0 0;
    }
    .panel:not(.open) {
      width: auto;
    }
    .fold,
    .panel:not(.open) .fold {
      min-height: 2.75rem;
      color: var(--ink);
      text-align: center;
    }
  }
`;
