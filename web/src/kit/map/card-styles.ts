import { css } from "lit";

// A card that lies on the map: its head with a way to close it, and rows of small buttons.
export const cardStyles = css`
  :host {
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--sheet);
    box-shadow: 0 2px 10px rgb(0 0 0 / 12%);
  }
  .head {
    display: flex;
    gap: 0.75rem;
    align-items: center;
    padding: 0.35rem 0.4rem 0.35rem 1rem;
    border-bottom: 1px solid var(--line);
  }
  .head h2 {
    flex: 1;
    font-size: 1rem;
  }
  @media (max-width: 46rem) {
    .head h2 {
      flex-basis: calc(100% - 4rem);
    }
    .head .small {
      order: 2;
    }
  }
  button.icon {
    display: grid;
    width: 2.5rem;
    min-height: 2.5rem;
    padding: 0;
    place-items: center;
    border: 0;
    background: transparent;
    color: var(--ink);
  }
  button.icon:hover {
    background: var(--sunken);
    filter: none;
  }
  button.small {
    min-height: 2.25rem;
    padding: 0.15rem 0.8rem;
    font-size: 0.875rem;
  }
  select.small,
  input.small {
    width: auto;
    min-height: 2.25rem;
    padding: 0.15rem 0.5rem;
    font-size: 0.875rem;
  }
  .body {
    padding: 0.8rem 1rem 1rem;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    align-items: center;
  }
`;
