import { css } from "lit";

// What every component shares: headings, fields, buttons, notes.
export const shared = css`
  :host {
    display: block;
  }
  * {
    box-sizing: border-box;
  }
  h2 {
    margin: 0;
    font-size: 1.375rem;
    font-weight: 600;
    line-height: 1.35;
    letter-spacing: 0.005em;
  }
  h3 {
    margin: 0;
    font-size: 1.0625rem;
    font-weight: 600;
    line-height: 1.4;
  }
  p {
    margin: 0;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.2em;
    text-decoration-thickness: 1px;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  .soft {
    color: var(--soft);
  }
  .small {
    font-size: 0.875rem;
    line-height: 1.55;
  }
  .figure {
    font-variant-numeric: tabular-nums;
  }
  label,
  .label {
    display: block;
    margin-bottom: 0.3rem;
    font-size: 0.875rem;
    font-weight: 500;
  }
  input,
  select,
  textarea {
    width: 100%;
    min-height: 2.75rem;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--land-line);
    border-radius: 6px;
    background: var(--sheet);
    color: var(--ink);
    font: inherit;
  }
  textarea {
    min-height: 6.5rem;
    resize: vertical;
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--soft);
    opacity: 0.85;
  }
  [aria-invalid="true"] {
    border-color: var(--bad);
  }
  .wrong {
    margin-top: 0.3rem;
    color: var(--bad);
    font-size: 0.875rem;
  }
  button {
    min-height: 2.75rem;
    padding: 0.5rem 1.25rem;
    border: 1px solid transparent;
    border-radius: 6px;
    background: var(--accent);
    color: var(--accent-ink);
    font: inherit;
    font-weight: 500;
    cursor: pointer;
  }
  button:hover {
    filter: brightness(1.08);
  }
  button:disabled {
    cursor: default;
    opacity: 0.55;
  }
  button.quiet {
    border-color: var(--land-line);
    background: transparent;
    color: var(--ink);
    font-weight: 400;
  }
  button.quiet:hover {
    background: var(--sunken);
    filter: none;
  }
  .sheet {
    border: 1px solid var(--line);
    border-radius: 10px;
    background: var(--sheet);
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
