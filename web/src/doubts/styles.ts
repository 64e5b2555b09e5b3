import { css } from "lit";

// The queue on the left, the map in the middle, the choice on the right; on a phone the queue, then the map with the choice.
export const pageStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    grid-template-columns: minmax(0, 1fr);
    height: 100dvh;
  }
  main {
    display: grid;
    grid-template-columns: 21rem minmax(0, 1fr);
    grid-template-rows: minmax(0, 1fr);
    overflow: hidden;
  }
  main.deciding {
    grid-template-columns: 21rem minmax(0, 1fr) 23rem;
  }
  .list,
  section.deciding {
    overflow: auto;
    background: var(--sheet);
  }
  .list {
    border-right: 1px solid var(--line);
  }
  section.deciding {
    border-left: 1px solid var(--line);
  }
  .list header {
    padding: 1.1rem 1.25rem 0.9rem;
    border-bottom: 1px solid var(--line);
  }
  h1 {
    margin: 0 0 0.2rem;
    font-size: 1.375rem;
    font-weight: 650;
    line-height: 1.35;
  }
  .kinds {
    display: grid;
    grid-auto-columns: 1fr;
    grid-auto-flow: column;
    margin-top: 0.75rem;
    overflow: hidden;
    border: 1px solid var(--land-line);
    border-radius: 6px;
  }
  .kinds button {
    min-height: 2.5rem;
    padding: 0.2rem 0.5rem;
    border-radius: 0;
    background: transparent;
    color: var(--ink);
    font-size: 0.9375rem;
    font-weight: 400;
  }
  .kinds button[aria-pressed="true"] {
    background: var(--accent-wash);
    color: var(--accent);
    font-weight: 600;
  }
  .kinds button:focus-visible {
    outline-offset: -3px;
  }
  .told {
    padding: 0.7rem 1.25rem;
    border-bottom: 1px solid var(--line);
    background: var(--accent-wash);
    font-size: 0.9375rem;
  }
  .told.late {
    background: var(--note-wash);
    color: var(--note);
  }
  .note {
    padding: 1.25rem;
  }
  .note button {
    margin-top: 0.75rem;
  }
  .list > state-note {
    margin: 1.25rem;
  }
  .ground {
    position: relative;
  }
  grid-map {
    height: 100%;
  }
  tool-bar {
    position: absolute;
    top: 0.75rem;
    right: 0.75rem;
  }
  .back {
    display: none;
  }
  @media (max-width: 72rem) {
    main,
    main.deciding {
      grid-template-columns: 18rem minmax(0, 1fr);
      grid-template-rows: minmax(0, 1fr);
    }
    main.deciding {
      grid-template-rows: minmax(0, 1fr) minmax(0, 1fr);
    }
    .list {
      grid-row: 1 / -1;
    }
    section.deciding {
      grid-column: 2;
      border-top: 1px solid var(--line);
      border-left: 0;
    }
  }
  @media (max-width: 46rem) {
    main {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: minmax(0, 1fr) 38%;
    }
    main.deciding {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: 42% minmax(0, 1fr);
    }
    .list {
      grid-row: auto;
      border-right: 0;
    }
    .ground {
      border-top: 1px solid var(--line);
    }
    main.deciding .list {
      display: none;
    }
    section.deciding {
      grid-column: auto;
    }
    .back {
      position: sticky;
      z-index: 1;
      top: 0;
      display: block;
      width: 100%;
      min-height: 2.75rem;
      border-width: 0 0 1px;
      border-radius: 0;
      border-color: var(--line);
      background: var(--sheet);
      text-align: left;
    }
  }
`;
