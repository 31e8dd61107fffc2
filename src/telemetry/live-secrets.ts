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
  /** Parts by their first characters, the longest first. */
  const byBeginning = new Map<string, { readonly part: string; readonly label: string }[]>();
  /** How many parts begin with characters of this hash: nearly always none, which ends the search at that place. */
  const beginnings = new Uint32Array(BUCKETS);

  function add({ parts, label }: Watched): void {
    for (const part of parts) {
      const beginning = part.slice(0, SHORTEST_PART);
      const sharing = byBeginning.get(beginning) ?? [];
      sharing.push({ part, label });
      sharing.sort((a, b) => b.part.length - a.part.length);
      byBeginning.set(beginning, sharing);
      count(part, 1);
    }
  }

  function remove({ parts }: Watched): void {
    for (const part of parts) {
      const beginning = part.slice(0, SHORTEST_PART);
      const sharing = byBeginning.get(beginning) ?? [];
      const index = sharing.findIndex((other) => other.part === part);
      if (index < 0) continue;
      sharing.splice(index, 1);
      if (sharing.length === 0) byBeginning.delete(beginning);
      count(part, -1);
    }
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
        const found = byBeginning.get(text.slice(at, at + SHORTEST_PART))?.find(({ part }) => text.startsWith(part, at));
        if (!found) continue;
        result += `${text.slice(kept, at)}[redacted: ${found.label}]`;
        kept = at + found.part.length;
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
