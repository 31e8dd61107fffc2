import { SHORTEST_PART, secretParts } from "./secret-parts.ts";

interface LiveSecrets {
  /** Holds the secret until the returned function is called. */
  watch(secretText: string, label: string): () => void;
  /** The text with every part of a watched secret replaced by `[redacted: LABEL]`. Linear in the text, however many are watched. */
  replace(text: string): string;
  /** Secrets watched now. */
  readonly size: number;
}

interface Watched {
  readonly parts: readonly string[];
  readonly label: string;
  users: number;
}

/** More than all runs at once can hold; the longest watched is let go. */
const MOST_WATCHED = 4_096;
const HASHED_CHARACTERS = 4;
const BUCKETS = 2 ** 16;

export function createLiveSecrets(): LiveSecrets {
  const watched = new Map<string, Watched>();
  /** Labels of parts, by the parts' first characters and their length: however many begin alike, a place is held against few. */
  const byBeginning = new Map<string, Map<number, Map<string, string[]>>>();
  /** How many parts begin with characters of this hash: nearly always none, which ends the search at that place. */
  const beginnings = new Uint32Array(BUCKETS);

  function add({ parts, label }: Watched): void {
    for (const part of parts) {
      const beginning = part.slice(0, SHORTEST_PART);
      const byLength = byBeginning.get(beginning) ?? new Map<number, Map<string, string[]>>();
      byBeginning.set(beginning, byLength);
      const labels = byLength.get(part.length) ?? new Map<string, string[]>();
      byLength.set(part.length, labels);
      const known = labels.get(part);
      if (known) known.push(label);
      else labels.set(part, [label]);
      count(part, 1);
    }
  }

  function remove({ parts, label }: Watched): void {
    for (const part of parts) {
      const beginning = part.slice(0, SHORTEST_PART);
      const byLength = byBeginning.get(beginning);
      const labels = byLength?.get(part.length);
      const known = labels?.get(part);
      if (!byLength || !labels || !known) continue;
      known.splice(known.indexOf(label), 1);
      if (known.length === 0) labels.delete(part);
      if (labels.size === 0) byLength.delete(part.length);
      if (byLength.size === 0) byBeginning.delete(beginning);
      count(part, -1);
    }
  }

  /** The longest part that the text holds at that place. */
  function find(text: string, at: number): { readonly length: number; readonly label: string | undefined } | undefined {
    let longest: { length: number; label: string | undefined } | undefined;
    for (const [length, labels] of byBeginning.get(text.slice(at, at + SHORTEST_PART)) ?? []) {
      if (length <= (longest?.length ?? 0)) continue;
      const known = labels.get(text.slice(at, at + length));
      if (known) longest = { length, label: known[0] };
    }
    return longest;
  }

  function count(part: string, change: 1 | -1): void {
    const hash = hashAt(part, 0);
    beginnings[hash] = (beginnings[hash] ?? 0) + change;
  }

  function letGo(secretText: string, entry: Watched): void {
    if (watched.get(secretText) !== entry) return;
    watched.delete(secretText);
    remove(entry);
  }

  return {
    watch(secretText, label) {
      const entry = watched.get(secretText) ?? { parts: secretParts(secretText), label, users: 0 };
      entry.users += 1;
      if (entry.users === 1) {
        watched.set(secretText, entry);
        add(entry);
        const [oldest] = watched;
        if (oldest && watched.size > MOST_WATCHED) letGo(...oldest);
      }
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        entry.users -= 1;
        if (entry.users === 0) letGo(secretText, entry);
      };
    },
    replace(text) {
      if (watched.size === 0) return text;
      let result = "";
      let kept = 0;
      for (let at = 0; at <= text.length - SHORTEST_PART; at++) {
        if (beginnings[hashAt(text, at)] === 0) continue;
        const found = find(text, at);
        if (!found) continue;
        result += `${text.slice(kept, at)}[redacted: ${found.label}]`;
        kept = at + found.length;
        at = kept - 1;
      }
      return kept === 0 ? text : result + text.slice(kept);
    },
    get size() {
      return watched.size;
    },
  };
}

function hashAt(text: string, at: number): number {
  let hash = 0;
  for (let i = at; i < at + HASHED_CHARACTERS; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
}
