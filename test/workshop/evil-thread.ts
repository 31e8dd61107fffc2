/** Jobs that nobody wants, for a thread of the workshop. Asked for by the name of a real one: `input.do` says which. */
import { ReconcileError } from "../../src/errors.ts";
import { serveJobs } from "../../src/workshop/serve-jobs.ts";

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
  throw() {
    throw new TypeError("nobody thought of this");
  },
  exit() {
    process.exit(7);
  },
  refuse() {
    throw new ReconcileError("manifest_invalid", "line 1: it is no YAML");
  },
  sleep: ({ ms }: { ms: number }) => new Promise((resolve) => setTimeout(resolve, ms)),
  echo: ({ value }: { value: unknown }) => value,
  environment: () => Object.keys(process.env),
};

serveJobs({ editManifest: (input: { do: keyof typeof evil; ms: number; value: unknown }) => evil[input.do](input) });
