/** Text that is HTML: made by `html` only, which escapes whatever is put into it. */
export class Html {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

type Content = string | number | Html | readonly Html[] | undefined;

/** A template: strings become text, also within quoted attributes; Html stays; undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.map((part, index) => part + contentOf(values[index])).join(""));
}

function contentOf(value: Content): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.toString();
  return Array.isArray(value) ? value.join("") : escapeHtml(String(value));
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? "");
}
