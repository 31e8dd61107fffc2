/** A mistake of our own in the work on one object (F46), and what an older version left in the work directory (F48). */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { noTracer, type Tracer } from "../../src/core/tracer.ts";
import { assertSound } from "./soundness.ts";
import { OLD, startStage } from "./stage.ts";

const steps = ["secret read", "git list", "git fetch", "git push"] as const;

test("a bug that throws at any step of one Deployment: it fails and is counted, the others go on, and it recovers with the fix", async (t) => {
  let buggy: string | undefined;
  const tracer: Tracer = {
    ...noTracer,
    async span(name, attributes, work, options) {
      if (name === buggy && JSON.stringify(attributes).includes("broken")) throw new TypeError("Cannot read properties of undefined");
      return noTracer.span(name, attributes, work, options);
    },
  };
  const stage = await startStage(t, { operator: { tracer } });
  const apps = new Map<string, Awaited<ReturnType<typeof stage.repository>>>();
  for (const name of ["broken", "shop"]) {
    apps.set(name, await stage.repository(`team/${name}.git`, { a: "0" }));
    await stage.repository(`team/${name}-manifests.git`, { "d.yaml": manifestOf(name, `team/${name}:${OLD}`) });
    stage.secret("gitops-operator", `${name}-key`, { "ssh-privatekey": stage.key.privateKey });
    const annotations = { manifest_repository: stage.gitHost.url(`team/${name}-manifests.git`), ssh_key_name: `${name}-key` };
    await stage.deploy({ name, annotations: { ...annotations, deployment_path: "d.yaml" } });
  }
  for (const [round, step] of steps.entries()) {
    for (const app of apps.values()) await app.commit({ a: `${round + 1}` });
    buggy = step;
    const entries = await stage.reconcile();
    assert.deepEqual(
      entries.map(({ deployment, action }) => [deployment, action]),
      [
        ["broken", "failed"],
        ["shop", "patched"],
      ],
      step,
    );
    assert.match(entries[0]?.message ?? "", /Cannot read properties of undefined/);
    assert.match(await stage.text("/metrics"), /gitops_operator_deployment_result\{.*deployment="broken".*code="internal".*\} 1/);
    buggy = undefined;
    assert.equal((await stage.reconcileOne("broken")).action, "patched", step);
  }
});

test("a work directory of an older version, of other programs and with links: ours that are dead go, the rest stays, the pass converges", async (t) => {
  const stage = await startStage(t);
  const work = stage.env.WORK_DIR as string;
  const elsewhere = join(stage.folder, "elsewhere");
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, "precious"), "kept");
  await mkdir(join(work, "run-999999999-0123abcd", "copy", "0", "objects", "pack"), { recursive: true });
  await writeFile(join(work, "run-999999999-0123abcd", "copy", "0", "objects", "pack", "pack-0.pack"), "PACK, but of a version long ago", {
    mode: 0o400,
  });
  await symlink(elsewhere, join(work, "run-999999998-0123abcd"));
  await symlink(elsewhere, join(work, "run-999999999-0123abcd", "link"));
  // The original's clones and names that only look like ours.
  await mkdir(join(work, "app-repo-shop", ".git"), { recursive: true });
  await mkdir(join(work, "run-of-another-program"));
  const manifests = await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await stage.repository("team/shop.git", { a: "0" });
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  const left = (await readdir(work)).filter((name) => !name.startsWith(`run-${process.pid}-`)).sort();
  assert.deepEqual(left, ["app-repo-shop", "run-of-another-program"]);
  assert.equal(await readFile(join(elsewhere, "precious"), "utf8"), "kept");
  assert.equal(await assertSound(manifests, { contains: (await manifests.log()).at(-1)?.sha ?? "" }), 1);
});
