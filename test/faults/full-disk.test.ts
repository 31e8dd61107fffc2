/** A work directory without space, without inodes, or read-only (F13, F14): failed with the remedy, cleaned up, recovered without help. */
import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "../e2e/stage.ts";
import { mountTmpfs, skipWithoutTmpfs } from "../tmpfs.ts";
import { assertSound } from "./soundness.ts";

interface Disk {
  readonly folder: string;
  remount(options: string): void;
}

const faults: readonly [what: string, code: RegExp, break_: (disk: Disk) => Promise<void>, repair: (disk: Disk) => Promise<void>][] = [
  ["no space", /ENOSPC/, ({ folder }) => fill(folder), ({ folder }) => rm(join(folder, "filler"))],
  [
    "no inodes",
    /ENOSPC/,
    async ({ folder }) => {
      for (let i = 0; i < 1_000; i++) {
        if (
          await writeFile(join(folder, `inode-${i}`), "").then(
            () => false,
            () => true,
          )
        )
          return;
      }
    },
    async ({ folder }) => {
      for (const name of await readdir(folder)) if (name.startsWith("inode-")) await rm(join(folder, name));
    },
  ],
  ["a read-only disk", /EROFS|ENOENT/, async ({ remount }) => remount("ro"), async ({ remount }) => remount("rw")],
];

const skip = skipWithoutTmpfs();
for (const [what, code, breakIt, repair] of faults) {
  for (const when of ["before the first copy", "with a copy"] as const) {
    // F13-F14
    test(`${what}, ${when}: failed with the remedy, /health 200, nothing pushed, and recovered without help`, { skip }, async (t) => {
      const disk = mountTmpfs(t, "size=1m,nr_inodes=200");
      const stage = await startStage(t, { env: { WORK_DIR: join(disk.folder, "work") } });
      const files = Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [`f${i}`, Buffer.from(crypto.getRandomValues(new Uint8Array(600))).toString("hex")]),
      );
      const manifests = await stage.repository("team/manifests.git", {
        ...files,
        "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`),
      });
      const app = await stage.repository("team/shop.git", { "index.html": "1" });
      await stage.deploy({ name: "shop" });
      if (when === "with a copy") assert.equal((await stage.reconcileOne("shop")).action, "patched");
      const begin = (await manifests.tip()) ?? "";
      await app.commit({ "index.html": "2" });
      let before: string[] = [];
      for (let pass = 0; pass < 3; pass++) {
        // A copy that was given up makes room: the disk is filled again.
        await breakIt(disk);
        before = await filesIn(disk.folder);
        const entry = await stage.reconcileOne("shop");
        assert.equal(entry.action, "failed", entry.message);
        assert.match(
          entry.message,
          /the work directory can't be written \(\w+\); give WORK_DIR a writable volume with free space and inodes/,
        );
        assert.match(entry.message, code);
        assert.equal((await fetch(`${stage.url}/health`)).status, 200);
      }
      const left = (await filesIn(disk.folder)).filter((path) => !before.includes(path));
      assert.deepEqual(left, [], "three passes left nothing behind");
      assert.equal(await manifests.tip(), begin, "nothing was pushed");
      await repair(disk);
      const entry = await stage.reconcileOne("shop");
      assert.deepEqual([entry.action, entry.to_sha], ["patched", await app.tip()], entry.message);
      assert.equal(await assertSound(manifests, { contains: begin }), when === "with a copy" ? 2 : 1);
      await stage.operator.close();
      assert.deepEqual(await readdir(join(disk.folder, "work")), []);
    });
  }
}

async function fill(folder: string): Promise<void> {
  // To the last byte: a page that is half free would take a small file.
  for (let size = 2 ** 20; size >= 1; size >>= 1) {
    while (
      await writeFile(join(folder, "filler"), Buffer.alloc(size), { flag: "a" }).then(
        () => true,
        () => false,
      )
    );
  }
}

/** Every file below the work directory. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
