/** What the workshop's threads run in tests, and where `npm test` has a bundle of it. */
import { fileURLToPath } from "node:url";

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const threadBundles = new Map(
  ["src/workshop/thread.ts", "test/workshop/evil-thread.ts"].map((path) => [
    pathOf(path),
    pathOf(`dist/tests/threads/${path.replace(/.*\//, "").replace(".ts", ".cjs")}`),
  ]),
);
