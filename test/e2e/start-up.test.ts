import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { deployShop, type Stage, sshAlone, startStage } from "./stage.ts";

const warned = (stage: Stage) =>
  stage.logLines.filter(({ level }) => level === "warn").map(({ fields, message }) => `${message}: ${JSON.stringify(fields)}`);

test("a WORK_DIR that never can be made is told at the start and in the result, and nothing hangs", { timeout: 60_000 }, async (t) => {
  const stage = await startStage(t, { env: { WORK_DIR: "/proc/nothing/here" } });
  assert.match(warned(stage).join(), /^WORK_DIR can't be used: .*\/proc\/nothing/);
  await deployShop(stage);
  const entry = await stage.reconcileOne("shop");
  assert.equal(entry.action, "failed");
  assert.match(entry.message, /\/proc\/nothing.* WORK_DIR|work directory can't be written.*WORK_DIR/);
  assert.deepEqual(JSON.parse(await stage.text("/health")), { status: "ok", tracked_deployments: 1 });
});

test("a file of SSH_KNOWN_HOSTS that is not there yet is no warning, one that can't be read is; both are named where they are missed", {
  skip: sshAlone("https has no known_hosts"),
}, async (t) => {
  const stage = await startStage(t, { env: { SSH_KNOWN_HOSTS: "/nonexistent/known_hosts" } });
  assert.deepEqual(warned(stage), []);
  const missing = stage.logLines.filter(({ message }) => /^File of SSH_KNOWN_HOSTS is not there \(yet\); it is read at each/.test(message));
  assert.deepEqual(missing, [
    { level: "info", fields: { problem: "/nonexistent/known_hosts does not exist" }, message: missing[0]?.message },
  ]);
  await deployShop(stage);
  const { message } = await stage.reconcileOne("shop");
  assert.match(message, /is not known: .*; these files of SSH_KNOWN_HOSTS do not exist: \/nonexistent\/known_hosts$/);

  const folder = await startStage(t, { env: { SSH_KNOWN_HOSTS: "/" } });
  assert.match(warned(folder).join(), /^File of SSH_KNOWN_HOSTS can't be read: .*the host keys in \/ \(EISDIR\)/);
  await deployShop(folder);
  assert.match((await folder.reconcileOne("shop")).message, /cannot read the host keys in \/ \(EISDIR\)/);
});

test("a known_hosts file that goes later is named when it is missed; one that nobody named is no problem at the start", {
  skip: sshAlone("https has no known_hosts"),
}, async (t) => {
  const stage = await startStage(t);
  assert.deepEqual(warned(stage), []);
  await deployShop(stage);
  const file = join(stage.folder, "known_hosts");
  await rm(file);
  assert.ok((await stage.reconcileOne("shop")).message.includes(file));
  await writeFile(file, stage.gitHost.knownHosts);
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
});

// F36-F37
test("annotations of 1 MB fail alone: no page grows by them, the neighbour is served", async (t) => {
  const stage = await startStage(t);
  await deployShop(stage);
  const long = "x".repeat(1_000_000);
  await stage.deploy({ name: "flood", annotations: { image_name: long, deployment_path: long, observe_branch: long, oops: long } });
  const entries = await stage.reconcile();
  assert.deepEqual(
    entries.map(({ deployment, action }) => [deployment, action]),
    [
      ["flood", "failed"],
      ["shop", "patched"],
    ],
  );
  for (const name of ["image_name", "deployment_path", "observe_branch"]) {
    assert.match(entries[0]?.message ?? "", new RegExp(`gitops\\.operator\\.${name} is longer than 2048 bytes`));
  }
  for (const path of ["/status", "/debug", "/reconcile"]) assert.ok((await stage.text(path)).length < 32_768, path);
});
