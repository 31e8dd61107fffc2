/** Jobs that nobody wants, for a thread of the workshop. Asked for by the name of a real one: `input.do` says which. */
import { ReconcileError } from "../../src/errors.ts";
import { serveJobs } from "../../src/workshop/serve-jobs.ts";

const left: Uint8Array[] = [];

const evil = {
  hang() {
    for (;;);
  },
  hoard() {
    const hoard: object[] = [];
    for (;;) hoard.push({ hoard });
  },
  fill() {
    const texts: string[] = [];
    for (;;) texts.push(JSON.stringify(texts.length).repeat(10_000).toUpperCase());
  },
  keep() {
    const kept: Uint8Array[] = [];
    for (;;) kept.push(new Uint8Array(2 ** 20).fill(1));
  },
  leave({ value }: { value: number }) {
    left.push(new Uint8Array(value).fill(1));
  },
  async keepSome({ value, ms }: { value: number; ms: number }) {
    const kept = new Uint8Array(value).fill(1);
    await new Promise((resolve) => setTimeout(resolve, ms));
    return kept[0] === 1 ? "kept" : "lost";
  },
  throw() {
    throw new TypeError("nobody thought of this");
  },
  exit() {
    process.exit(7);
  },
  dieLater() {
    setTimeout(() => process.exit(7), 100);
  },
  refuse() {
    throw new ReconcileError("manifest_invalid", "line 1: it is no YAML");
  },
  sleep: ({ ms, value }: { ms: number; value?: unknown }) => new Promise((resolve) => setTimeout(() => resolve(value), ms)),
  echo: ({ value }: { value: unknown }) => value,
  environment: () => Object.keys(process.env),
};

serveJobs({ editManifest: (input: { do: keyof typeof evil; ms: number; value: never }) => evil[input.do](input) });
