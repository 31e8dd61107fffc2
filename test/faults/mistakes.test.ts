/** A mistake of our own in the work on one object (F46), and what an older version left in the work directory (F48). */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../../sandbox/world.ts";
import { noTracer, type Tracer } from "../../src/core/tracer.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { OLD, startStage } from "../e2e/stage.ts";
import { eventually } from "../eventually.ts";
import { assertSound } from "./soundness.ts";

const steps = ["reconcile deployment", "secret read", "git list", "git find branch", "git fetch", "write commits", "git push"] as const;

// P9, S21, F46
test("a bug that throws at any step of one Deployment: it fails and is counted, the others go on, and it recovers with the fix", async (t) => {
  let buggy: string | undefined;
  const tracer: Tracer = {
    ...noTracer,
    span(name, attributes, work, options) {
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

// P9, F46
test("a bug that throws where one Deployment is shown or told of: pages, metrics, Events and chat serve the others, and name it", async (t) => {
  let isBuggy = false;
  const redactor = createRedactor();
  const careless = <T>(text: T): T => {
    if (isBuggy && /team\/broken|Deployment broken/.test(JSON.stringify(text))) throw new TypeError("Cannot read properties of undefined");
    return text;
  };
  const stage = await startStage(t, {
    redactor: {
      ...redactor,
      redact: (text) => redactor.redact(careless(text)),
    },
  });
  stage.secret("gitops-operator", "chat", { "webhook-url": stage.chat.url() });
  const names = ["broken", "shop"];
  const files = Object.fromEntries(names.map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  const manifests = await stage.repository("team/manifests.git", files);
  for (const name of names) {
    await stage.repository(`team/${name}.git`, { a: "0" });
    await stage.deploy({ name, annotations: { notifications_secret_name: "chat" } });
  }
  isBuggy = true;
  const answers = (await stage.reconcile()).map(({ deployment, action }) => `${deployment} ${action}`);
  assert.deepEqual(answers, ["broken patched", "shop patched"]);
  assert.equal((await manifests.log()).length, 3);

  const html = await (await fetch(`${stage.url}/status`, { headers: { accept: "text/html" } })).text();
  for (const page of [await stage.text("/status"), html]) {
    assert.match(page, /team\/shop/);
    assert.match(page, /default\/broken can(?:'|&#39;)t be shown: a mistake of the operator/);
    assert.doesNotMatch(page, /team\/broken/);
  }
  const shown = JSON.parse(await stage.text("/debug")) as { name: string }[];
  assert.deepEqual(
    shown.map(({ name }) => name),
    ["shop"],
  );
  assert.equal((await stage.text("/metrics")).match(/gitops_operator_deployment_result\{.*action="patched".*\} 1/g)?.length, 2);
  await eventually(() => stage.cluster.list("Event").length > 0);
  assert.deepEqual(
    stage.cluster.list("Event").map(({ regarding, reason }) => [(regarding as { name: string }).name, reason]),
    [["shop", "ImageUpdated"]],
  );
  const messages = await stage.chat.received(1, 5_000);
  assert.deepEqual(
    messages.map(({ text }) => /Deployment (\S+) patched/.exec(text)?.[1]),
    ["shop"],
  );
  const told = stage.logLines.filter(({ fields }) => (fields as { deployment?: string }).deployment === "broken");
  for (const message of ["Deployment could not be shown", "Notification not sent", "Kubernetes Event not recorded"]) {
    assert.ok(
      told.some((line) => line.message === message),
      message,
    );
  }
});

// F48
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
