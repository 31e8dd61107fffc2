import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthorizer } from "../../sandbox/cluster-api/authorizer.ts";
import type { KubeObject } from "../../sandbox/cluster-api/kinds.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { OLD, type Stage, startStage } from "./stage.ts";

const KINDS = "rollouts.argoproj.io/v1alpha1,applications.argoproj.io/v1alpha1,helmreleases.helm.toolkit.fluxcd.io/v2";
const installed = ["rollouts.argoproj.io", "applications.argoproj.io", "helmreleases.helm.toolkit.fluxcd.io"];

const workload = (kind: string, apiVersion: string, name: string) =>
  manifestOf(name, `team/${name}:${OLD}`).replace("apps/v1", apiVersion).replace("kind: Deployment", `kind: ${kind}`);
const cronJob = `apiVersion: batch/v1
kind: CronJob
metadata: { name: night, namespace: default }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: night
              image: team/night:${OLD}
`;
const application = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: chart, namespace: default }
spec:
  source:
    chart: web
    helm:
      valuesObject:
        image:
          repository: team/chart
          tag: "${OLD}"
`;

async function tipOf(stage: Stage, name: string): Promise<string> {
  const repository = await stage.repository(`team/${name}.git`, { "index.html": name });
  return (await repository.tip()) ?? "";
}

/** The name in messages and JSON of whatever kind it is. */
const kindAndName = ({ kind = "Deployment", deployment }: { kind?: string; deployment: string }) => `${kind} ${deployment}`;

test("a StatefulSet, a DaemonSet, a CronJob, a Rollout and a carrier Application are brought to the newest commit, and all that is told names their kind", async (t) => {
  const stage = await startStage(t, { env: { WATCH_KINDS: KINDS }, cluster: { installed } });
  const manifests = await stage.repository("team/manifests.git", {
    "db/deployment.yaml": workload("StatefulSet", "apps/v1", "db"),
    "agent/deployment.yaml": workload("DaemonSet", "apps/v1", "agent"),
    "night/deployment.yaml": cronJob,
    "web/deployment.yaml": workload("Rollout", "argoproj.io/v1alpha1", "web"),
    "chart/deployment.yaml": application,
  });
  const all = { db: "StatefulSet", agent: "DaemonSet", night: "CronJob", web: "Rollout", chart: "Application" };
  const tips: Record<string, string> = {};
  for (const [name, kind] of Object.entries(all)) {
    tips[name] = await tipOf(stage, name);
    await stage.carry(kind, { name });
  }
  assert.match(await stage.text("/status"), /^default +StatefulSet db +true +master +-$/m);

  const entries = await stage.reconcile();
  for (const [name, kind] of Object.entries(all)) {
    const entry = entries.find(({ deployment }) => deployment === name);
    assert.deepEqual(entry, {
      ...{ deployment: name, kind, namespace: "default", action: "patched", from_sha: OLD, to_sha: tips[name], status: "success" },
      message: `${kind} ${name} patched successfully to version ${tips[name]} (image unchecked)`,
    });
    assert.ok((await manifests.read(`${name}/deployment.yaml`)).includes(tips[name] ?? "?"), name);
  }
  const log = await manifests.log();
  for (const [name, kind] of Object.entries(all)) {
    const commit = log.find(({ body }) => body.includes(`team/${name}`))?.body ?? "";
    assert.match(commit, new RegExp(`^${kind} default/${name}, image .*team/${name}: ${OLD} -> ${tips[name]}`, "m"));
    assert.match(commit, new RegExp(`^Gitops-Operator-Workload: ${kind} default/${name}$`, "m"));
    assert.doesNotMatch(commit, /Gitops-Operator-Deployment/);
  }

  assert.deepEqual(
    (await stage.reconcile("?kind=statefulset")).map(({ message }) => message),
    [`StatefulSet db is up to date at ${tips.db}`],
  );
  assert.match(await stage.text("/status"), new RegExp(`^default +StatefulSet db +true +master +team/db:${tips.db}$`, "m"));
  assert.match(await stage.text("/status"), /^ {2}StatefulSet default\/db: \S+ up_to_date: StatefulSet db is up to date at /m);
  const debug = (await (await fetch(`${stage.url}/debug`)).json()) as { kind: string; name: string; container: string; version: string }[];
  const shown = debug.find(({ name }) => name === "chart");
  assert.deepEqual([shown?.kind, shown?.container, shown?.version], ["Application", "team/chart", tips.chart]);
  assert.match(await stage.text("/health"), /"tracked_deployments":5/);
  assert.match(
    await stage.text("/metrics"),
    /^gitops_operator_deployment_result\{namespace="default",deployment="db",kind="StatefulSet",action="up_to_date",code=""\} 1$/m,
  );
  assert.ok(
    stage.logLines.some(({ message, fields }) => message === "StatefulSet patched" && "kind" in fields && fields.kind === "StatefulSet"),
  );
  await eventually(() => stage.cluster.list("Event").length >= 5, "Events are told");
  const regarding = stage.cluster.list("Event").map((event) => event.regarding as Record<string, string>);
  assert.deepEqual(regarding.map(({ apiVersion, kind, name }) => `${apiVersion} ${kind} ${name}`).sort(), [
    "apps/v1 DaemonSet agent",
    "apps/v1 StatefulSet db",
    "argoproj.io/v1alpha1 Application chart",
    "argoproj.io/v1alpha1 Rollout web",
    "batch/v1 CronJob night",
  ]);
});

test("of other kinds than Deployment the API server is asked for metadata alone", async (t) => {
  const stage = await startStage(t, { env: { WATCH_KINDS: KINDS }, cluster: { installed } });
  const watched = () =>
    new Set(
      stage.cluster.requests
        .filter(({ path }) => path.includes("watch=true") && !path.includes("configmaps"))
        .map(({ path }) => path.replace(/[?].*/, "")),
    );
  await eventually(() => watched().size >= 7, "all kinds are watched");
  const forms = new Map(stage.cluster.requests.map(({ path, accept }) => [path.replace(/[?].*/, ""), accept]));
  for (const [path, accept] of forms) {
    if (/deployments|configmaps|secrets|\/v\w+$/.test(path)) assert.equal(accept, "application/json", path);
    else assert.match(accept, /^application\/json;as=PartialObjectMetadata/, path);
  }
  assert.equal([...forms].filter(([, accept]) => accept.includes("as=")).length, 6);
});

test("two workloads of one name and different kinds don't mix: results, holds, Events and metrics are each one's own", async (t) => {
  const stage = await startStage(t);
  const manifests = await stage.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`),
    "set/shop.yaml": workload("StatefulSet", "apps/v1", "shop"),
  });
  const first = await tipOf(stage, "shop");
  await stage.deploy({ name: "shop" });
  await stage.carry("StatefulSet", { name: "shop", annotations: { deployment_path: "set/missing.yaml" } });
  const told = async (query = "") => (await stage.reconcile(query)).map((entry) => `${kindAndName(entry)}: ${entry.action}`);
  assert.deepEqual(await told(), ["Deployment shop: patched", "StatefulSet shop: failed"]);
  assert.deepEqual(await told("?deployment=shop&kind=StatefulSet"), ["StatefulSet shop: failed"]);
  await stage.carry("StatefulSet", { name: "shop", annotations: { deployment_path: "set/shop.yaml" } });
  await eventually(async () => (await told("?kind=StatefulSet"))[0] !== "StatefulSet shop: failed", "the new annotations count");
  assert.deepEqual(await told(), ["Deployment shop: up_to_date", "StatefulSet shop: up_to_date"]);

  // Taken back in the one's file alone, by hand.
  await manifests.commit({ "set/shop.yaml": workload("StatefulSet", "apps/v1", "shop") });
  assert.deepEqual(await told(), ["Deployment shop: up_to_date", "StatefulSet shop: skipped"]);
  const [, held] = await stage.reconcile();
  assert.match(String(held?.message), new RegExp(`^StatefulSet shop stays at ${OLD}: the operator wrote ${first} in `));
  const status = await stage.text("/status");
  assert.match(status, /^ {2}default\/shop: \S+ up_to_date: Deployment shop is /m);
  assert.match(status, /^ {2}StatefulSet default\/shop: \S+ held: StatefulSet shop stays /m);
  const metrics = await stage.text("/metrics");
  assert.match(metrics, /^gitops_operator_held\{namespace="default",deployment="shop"\} 0$/m);
  assert.match(metrics, /^gitops_operator_held\{namespace="default",deployment="shop",kind="StatefulSet"\} 1$/m);

  const unknown = await fetch(`${stage.url}/reconcile?kind=statefulst`);
  assert.equal(unknown.status, 404);
  assert.match(await unknown.text(), /no tracked workload of kind 'statefulst'; did you mean 'StatefulSet'\?/);
  const elsewhere = await fetch(`${stage.url}/reconcile?kind=statefulset&deployment=shopp`);
  assert.match(await elsewhere.text(), /no tracked StatefulSet 'shopp'; did you mean 'shop'\?/);
});

test("where RBAC allows no StatefulSets the operator is ready and serves the rest; the log and /status have one line", async (t) => {
  const role = (resource: string, group: string, ...verbs: string[]) => ({ apiGroups: [group], resources: [resource], verbs });
  const roleRef = { kind: "ClusterRole", name: "operator" };
  const subjects = [{ kind: "ServiceAccount", namespace: "gitops-operator", name: "operator" }];
  const rules = [
    role("deployments", "apps", "list", "watch"),
    role("daemonsets", "apps", "list", "watch"),
    role("cronjobs", "batch", "list", "watch"),
    role("events", "events.k8s.io", "create"),
    role("secrets", "", "get"),
  ];
  const objects = [
    { kind: "ClusterRole", metadata: { name: "operator" }, rules },
    { kind: "ClusterRoleBinding", metadata: { name: "operator" }, roleRef, subjects },
  ] as unknown as KubeObject[];
  const authorizer = createAuthorizer(objects, { namespace: "gitops-operator", name: "operator" });
  const stage = await startStage(t, { cluster: { authorizer } });
  await stage.repository("team/manifests.git", { "shop/deployment.yaml": manifestOf("shop", `team/shop:${OLD}`) });
  await tipOf(stage, "shop");
  await stage.deploy({ name: "shop" });
  assert.equal((await stage.reconcileOne("shop")).action, "patched");
  assert.equal((await fetch(`${stage.url}/ready`)).status, 200);
  assert.match(await stage.text("/health"), /"ok"/);
  const notes = (await stage.text("/status")).split("\n").filter((line) => line.includes("not watched"));
  assert.equal(notes.length, 1);
  assert.match(
    String(notes[0]),
    /^ {2}statefulsets\.apps of the cluster are not watched: HTTP 403: .*; grant the operator's service account list and watch on statefulsets\.apps$/,
  );
  const lines = stage.logLines.filter(({ level, fields }) => level === "warn" && JSON.stringify(fields).includes("statefulsets"));
  assert.deepEqual(
    lines.map(({ message }) => message),
    ["watch of statefulsets.apps is interrupted; trying again"],
  );
  const metrics = await stage.text("/metrics");
  assert.match(metrics, /^gitops_operator_refused_namespaces 0$/m);
  assert.match(metrics, /^gitops_operator_cache_synced 1$/m);
});
