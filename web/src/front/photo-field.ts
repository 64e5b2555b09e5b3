// Choosing photographs, with a phone's camera or from its store; each is shown small and can be taken back.
import { LitElement, css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";

import { shared } from "../kit/styles";
import { Speaks, count, text } from "../language";
import { MOST, smaller } from "./pictures";

interface Chosen {
  picture: Blob;
  address: string;
}

@customElement("photo-field")
export class PhotoField extends LitElement {
  static override styles = [
    shared,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: 0.6rem;
        margin: 0 0 0.6rem;
        padding: 0;
        list-style: none;
      }
      li {
        position: relative;
      }
      img {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        border-radius: 6px;
        object-fit: cover;
      }
      li button {
        position: absolute;
        top: 0.25rem;
        right: 0.25rem;
        min-height: 2.75rem;
        min-width: 2.75rem;
        padding: 0;
        border-radius: 999px;
        background: var(--sheet);
        font-size: 1.25rem;
        line-height: 1;
      }
      .choose {
        display: flex;
        align-items: center;
        justify-content: center;
        min-height: 2.75rem;
        margin: 0;
        border: 1px dashed var(--land-line);
        border-radius: 6px;
        font-weight: 500;
        cursor: pointer;
      }
      .choose:focus-within {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }
      input {
        position: absolute;
        width: 1px;
        min-height: 1px;
        height: 1px;
        padding: 0;
        border: 0;
        opacity: 0;
      }
    `,
  ];

  @state() private chosen: Chosen[] = [];
  @state() private reading = false;

  constructor() {
    super();
    new Speaks(this);
  }

  get pictures(): Blob[] {
    return this.chosen.map(({ picture }) => picture);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const { address } of this.chosen) URL.revokeObjectURL(address);
    this.chosen = [];
  }

  override render() {
    const says = text().report;
    return html`<span class="label">${says.photos(count(MOST))}</span>
      ${this.chosen.length
        ? html`<ul>
            ${this.chosen.map((one, place) => this.shown(one, place))}
          </ul>`
        : nothing}
      ${this.chosen.length < MOST
        ? html`<label class="choose">
            <input type="file" accept="image/*" multiple ?disabled=${this.reading} @change=${this.take} />
            ${this.reading ? says.photoReading : says.photoAdd}
          </label>`
        : nothing}
      <p class="soft small">${says.photosLead}</p>`;
  }

  private shown({ address }: Chosen, place: number) {
    const says = text().report;
    return html`<li>
      <img src=${address} alt=${says.photo(count(place + 1))} />
      <button type="button" class="quiet" aria-label=${says.photoRemove(count(place + 1))} @click=${() => this.drop(place)}>
        ×
      </button>
    </li>`;
  }

  private async take(event: Event): Promise<void> {
    const field = event.target as HTMLInputElement;
    const files = [...(field.files ?? [])].slice(0, MOST - this.chosen.length);
    field.value = "";
    this.reading = true;
    for (const file of files) {
      const picture = await smaller(file);
      this.chosen = [...this.chosen, { picture, address: URL.createObjectURL(picture) }];
    }
    this.reading = false;
  }

  private drop(place: number): void {
    URL.revokeObjectURL(this.chosen[place]!.address);
    this.chosen = this.chosen.filter((_, at) => at !== place);
  }
}
