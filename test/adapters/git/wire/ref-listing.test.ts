import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createBareRepository } from "../../../../sandbox/bare-repository.ts";
import type { GitWire } from "../../../../src/adapters/git/wire/git-wire.ts";
import { FLUSH, pkt } from "../../../../src/adapters/git/wire/pkt-line.ts";
import { readPushRefs } from "../../../../src/adapters/git/wire/receive-pack.ts";
import { openUploadPack } from "../../../../src/adapters/git/wire/upload-pack.ts";
import { usedBytes } from "../../../held-memory.ts";
import { advertised, listings, readListing, SHA, saying } from "./long-listing.ts";

const CONVERSATIONS = 16;
/** Of each; together more than 24 MB. */
const LINES = 1_500;
const MOST_HELD = 8 * 2 ** 20;

test("a repository with 210,000 branches that all begin like the wanted one is listed and may be pushed to", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ref-listing-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { a: "1\n" } });
  const tip = await repository.tip();
  const refs = Array.from({ length: 210_000 }, (_, i) => `${tip} refs/heads/main-${String(i).padStart(6, "0")}\n`);
  await writeFile(join(repository.directory, "packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${refs.join("")}`);
  for (const kind of listings) {
    const { tip: listed, defaultBranch } = await readListing({ kind, of: repository.directory });
    assert.deepEqual([listed, defaultBranch], [tip, kind === "a push" ? undefined : "main"], kind);
  }
});

/** A server that lists many branches beside the wanted one, and then says no more. */
function withoutEnd(first: string): { wire: GitWire; isRead: Promise<void> } {
  const { promise: isRead, resolve } = Promise.withResolvers<void>();
  async function* said() {
    yield Buffer.from(pkt(`${SHA} HEAD\0${first}`) + pkt(`${SHA} refs/heads/main`));
    for (let i = 0; i < LINES; i += 10) {
      const names = Array.from({ length: 10 }, (_, j) => pkt(`${SHA} refs/heads/${String(i + j).padEnd(1_000, "x")}\u20ac`));
      yield Buffer.from(names.join(""));
    }
    resolve();
    await new Promise(() => {});
  }
  return { wire: saying(said()), isRead };
}

for (const [what, first, begin] of [
  ["fetching", "shallow side-band-64k", async (wire: GitWire) => (await openUploadPack(wire)).list("main")],
  ["pushing", "report-status side-band-64k", (wire: GitWire) => readPushRefs(wire, "refs/heads/main")],
] as const) {
  // S10
  test(`what ${CONVERSATIONS} conversations for ${what} keep of long listings does not grow with them`, async () => {
    const before = await usedBytes();
    const open = Array.from({ length: CONVERSATIONS }, () => withoutEnd(first));
    const asked = open.map(({ wire }) => begin(wire));
    await Promise.all(open.map(({ isRead }) => isRead));
    const held = (await usedBytes()) - before;
    assert.ok(held < MOST_HELD, `${held} bytes of ${CONVERSATIONS * LINES} lines`);
    assert.equal(asked.length, CONVERSATIONS);
  });
}

for (const kind of listings) {
  // S10
  test(`the listing of ${kind} may have 300,000 lines or 32 MiB; one that goes on is refused there`, async () => {
    const linesUntilRefused = async (length: number) => {
      const { error, lines } = await readListing({ kind, of: length });
      assert.equal(error?.code, "git_limit");
      assert.match(error.message, /no end/);
      return lines;
    };
    assert.equal(Math.round((await linesUntilRefused(70)) / 10_000), 30);
    assert.equal(Math.round(((await linesUntilRefused(65_500)) * 65_500) / 2 ** 20), 32);
  });
}

test("a boundary of the history that a server pads is kept without the padding", async () => {
  async function* said() {
    yield Buffer.from(advertised);
    for (let i = 0; i < 500; i++) yield Buffer.from(pkt(`shallow ${String(i).padStart(40, "0")} ${"\u20ac".repeat(20_000)}`));
    yield Buffer.from(pkt("\x01PACK") + FLUSH);
  }
  const server = await openUploadPack(saying(said()));
  const shallow = new Set<string>();
  const before = await usedBytes();
  for await (const _ of server.pack({ want: SHA, depth: 1 }, shallow));
  const held = (await usedBytes()) - before;
  assert.equal(shallow.size, 500);
  assert.ok(held < 2 ** 21, `${held} bytes`);
});
