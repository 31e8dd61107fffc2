import assert from "node:assert/strict";
import { test } from "node:test";
import { git } from "../../sandbox/git-process.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { OLD, startStage } from "./stage.ts";

test("neighbours with names that are no UTF-8, backslashes and old modes stay byte for byte", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  const run = async (args: string[], input?: Buffer) => git(manifests.directory, args, input ? { input } : {});
  const blob = (await run(["rev-parse", "master:shop/deployment.yaml"])).toString().trim();
  const id = Buffer.from(blob, "hex");
  const entry = (mode: string, name: Buffer) => Buffer.concat([Buffer.from(`${mode} `), name, Buffer.from([0]), id]);
  const tree = Buffer.concat([
    entry("100644", Buffer.from("caf\xe9.yaml", "latin1")),
    entry("100644", Buffer.from("deployment.yaml")),
    entry("100644", Buffer.from("dev\\x2ddisk.service")),
    entry("100664", Buffer.from("old-mode.yaml")),
  ]);
  const shop = (await run(["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], tree)).toString().trim();
  const root = (await run(["mktree"], Buffer.from(`040000 tree ${shop}\tshop\n`))).toString().trim();
  const commit = (await run(["commit-tree", "-m", "odd names", root])).toString().trim();
  await manifests.forceBranch("master", commit);
  await stage.repository("team/shop.git", { "index.html": "1" });
  await stage.deploy({ name: "shop" });
  const answer = await stage.reconcileOne("shop");
  assert.equal(answer.action, "patched", answer.message);
  const written = await run(["cat-file", "tree", "master:shop"]);
  const changed = Buffer.from((await run(["rev-parse", "master:shop/deployment.yaml"])).toString().trim(), "hex");
  const at = tree.indexOf("deployment.yaml\0") + "deployment.yaml\0".length;
  assert.deepEqual(written, Buffer.concat([tree.subarray(0, at), changed, tree.subarray(at + 20)]));
  assert.notDeepEqual(changed, id);
});
