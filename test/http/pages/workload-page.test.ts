import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEntry } from "../../../src/core/branch-history.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { WorkloadRecord } from "../../../src/core/types.ts";
import { workloadPage } from "../../../src/http/pages/workload-page.ts";
import { everything } from "../../../src/http/rows/status-query.ts";
import { understood } from "../../../src/http/rows/understood.ts";
import type { WorkloadFacts } from "../../../src/http/rows/workload-facts.ts";
import { elementsOf, squeeze, textOf, withClass } from "./html-elements.ts";
import { NOW, OPERATOR, row, threeRows } from "./status-rows.ts";

const facts = { now: NOW, githubHost: "github.com", operator: OPERATOR, query: everything };
const SETTINGS = { operatorNamespace: "operator", cluster: undefined };
const required = {
  ...{ enabled: "true", app_repository: "git@github.com:team/shop.git", manifest_repository: "git@github.com:team/manifests.git" },
  ...{ image_name: "team/shop", deployment_path: "shop.yaml", ssh_key_name: "key", ssh_key_namespace: "default" },
};

function recordOf(annotations: Record<string, string>): WorkloadRecord {
  const own = Object.entries(annotations).map(([name, value]) => [`gitops.operator.${name}`, value]);
  return { kind: "Deployment", namespace: "default", name: "shop", annotations: Object.fromEntries(own), containers: [] };
}

function understoodOf(annotations: Record<string, string>) {
  const record = recordOf({ ...required, ...annotations });
  const { set, unset } = understood(record, parseTarget(record, "operator"), undefined, SETTINGS);
  return { unset, of: (name: string) => set.filter((one) => one.name === name).map(({ value, from }) => `${value} (${from})`)[0] };
}

const change = (index: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  ...{ at: new Date(NOW.getTime() - index * 3_600_000).toISOString(), commit: `${index}`.padStart(40, "c") },
  ...{ from: `${index + 1}`.padStart(40, "a"), to: `${index}`.padStart(40, "a"), by: "operator", ...more },
});

function pageOf(changes: Partial<WorkloadFacts> = {}) {
  const workload: WorkloadFacts = {
    ...{ kind: "Deployment", namespace: "default", name: "shop", row: row("shop"), problems: [], replicas: 3, shown: "shown" },
    ...{ commit: { author: "Jane Doe", subject: "Say hello", time: NOW.getTime() / 1_000 - 7_200 }, changes: [] },
    understood: understood(recordOf(required), parseTarget(recordOf(required), "operator"), undefined, SETTINGS),
    ...changes,
  };
  return elementsOf([...workloadPage(workload, facts)].join(""));
}

const wayOf = (all: ReturnType<typeof pageOf>) => withClass(all, "way").map((one) => squeeze(textOf(one)))[0] ?? "";
const sectionOf = (all: ReturnType<typeof pageOf>, title: string) =>
  squeeze(textOf(all.find((one) => one.tagName === "section" && squeeze(textOf(one)).startsWith(title)) ?? assert.fail(title)));

test("commit with subject, author and age, image, manifest commit, rollout", () => {
  assert.match(
    wayOf(pageOf()),
    /^Commit[0-9a-f]{7}Say helloby Jane Doe, 2 hours agoImageteam\/shop:[0-9a-f]{40}Manifest[0-9a-f]{7}shop\/deployment\.yamlon mainRolloutdone: 3 Pods$/,
  );
});

test("what is not known is said to be not known, never guessed", () => {
  const unknown = row("shop", {
    image: undefined,
    tag: undefined,
    sha: undefined,
    gitTag: undefined,
    isAtTag: undefined,
    rollout: undefined,
    last: undefined,
  });
  assert.match(wayOf(pageOf({ row: unknown, commit: {} })), /^Commitnot knownImagenot knownManifest.*Rolloutnot known$/);
  assert.match(wayOf(pageOf({ commit: {} })), /subject not knownauthor not known, age not known/);
  assert.match(wayOf(pageOf({ row: row("shop", { rollout: undefined }) })), /Rolloutnot known$/);
  const kind = { kind: "StatefulSet", isAtTag: undefined, rollout: undefined };
  assert.match(wayOf(pageOf({ ...kind, row: row("shop", kind) })), /Rolloutnot known: of a StatefulSet only the annotations are read$/);
});

test("what is awaited, and since when", () => {
  const nowOf = (changed: Parameters<typeof row>[1]) => sectionOf(pageOf({ row: row("shop", changed) }), "Now");
  const [, , waiting] = [...threeRows().tracked];
  assert.match(nowOf({}), /^Now Awaitednothing Last looked at20 seconds ago Next passin 40 seconds$/);
  assert.match(sectionOf(pageOf({ row: waiting as never }), "Now"), /^Now AwaitedBuild running for team\/search .*, for 1 minute/);
  assert.match(nowOf({ isAtTag: false }), /^Now Awaitedthe cluster runs [0-9a-f]{7}, for 3 hours/);
  assert.match(nowOf({ last: undefined }), /^Now Awaitedthe first pass Last looked atnot since the operator's start/);
});

test("the last changes with who, what, from → to and links; a person is not named, for the history does not say who", () => {
  const changes = [
    change(1, { appCommit: "b".repeat(40), appSubject: "Say <b>", appAuthor: "Jane", cluster: "eu-1" }),
    change(2, { by: "person" }),
  ];
  const all = pageOf({ changes });
  const items = withClass(all, "row").map((one) => squeeze(textOf(one)));
  assert.match(items[0] ?? "", /^gitops-operator \(eu-1\) aaaaaaa → aaaaaaa in ccccccc 1 hour ago bbbbbbb Say <b> by Jane$/);
  assert.match(items[1] ?? "", /^a person aaaaaaa → aaaaaaa in ccccccc 2 hours ago$/);
  const { from: _, ...unknown } = change(3);
  assert.match(withClass(pageOf({ changes: [unknown] }), "row").map((one) => squeeze(textOf(one)))[0] ?? "", /not known → aaaaaaa/);
});

// S14
test("without the token of the operator neither the history nor whose commit it is is shown, and it says so", () => {
  const all = pageOf({ commit: undefined, changes: undefined });
  assert.match(wayOf(all), /subject and author are shown with RECONCILE_TOKEN/);
  assert.match(sectionOf(all, "Changes"), /They are shown with RECONCILE_TOKEN/);
});

test("annotations as understood: what is set, what a ConfigMap gives, and defaults that are marked as defaults", () => {
  const plain = understoodOf({});
  assert.equal(plain.of("ssh_key_name"), "key (annotation)");
  assert.equal(plain.of("observe_branch"), "master (default)");
  assert.equal(plain.of("tag_format"), "{{sha}} (default)");
  assert.equal(plain.of("rollback"), "hold (default)");
  assert.equal(plain.of("look_back"), "20 (default)");
  assert.equal(plain.of("registry_secret_namespace"), "operator (default)");
  assert.equal(plain.of("manifest_ssh_key_namespace"), "default (default)");
  assert.equal(plain.of("hook_secret_namespace"), undefined);
  assert.ok(plain.unset.includes("hook_secret_namespace"));
  const more = understoodOf({ tag_type: "lnog", hook_secret_name: "hook", release_tags: "v*" });
  assert.equal(more.of("tag_type"), "lnog, which counts as long (annotation)");
  assert.equal(more.of("hook_secret_namespace"), "operator (default)");
  assert.equal(more.of("tag_format"), "{{tag}} (default)");
  const record = {
    ...recordOf(required),
    defaults: { values: { environment: { text: "prod", from: "team-defaults" } }, conflicts: {}, problems: [], warnings: [] },
  };
  const { set } = understood(record, parseTarget(record, "operator"), undefined, SETTINGS);
  assert.deepEqual(
    set.find(({ name }) => name === "environment"),
    { name: "environment", value: "prod", from: "ConfigMap team-defaults" },
  );
});

// S18
test("whatever names, commits and annotations hold, the workload's page has the same elements", () => {
  const shapeOf = (text: string) => {
    const last = { at: NOW, since: NOW, kind: "failed" as const, message: text };
    const hostile = row("shop", {
      namespace: text,
      name: text,
      last,
      warnings: [text],
      branch: text,
      image: { container: text, version: text },
    });
    const all = pageOf({
      ...{ namespace: text, name: text, row: hostile, problems: [text], commit: { author: text, subject: text, time: 1 } },
      changes: [change(1, { appSubject: text, appAuthor: text, cluster: text, appCommit: "b".repeat(40), to: text })],
      understood: { set: [{ name: "environment", value: text, from: text }], unset: [] },
    });
    return all.map(({ tagName, attrs }) => [tagName, ...attrs.map(({ name }) => name)].join(" "));
  };
  const benign = shapeOf("plain");
  for (const text of [
    `<script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `</title><svg onload=alert(1)>`,
    "\u202e\u0000\u001b[31m",
    "<!--",
    "half \ud800",
  ])
    assert.deepEqual(shapeOf(text), benign, text);
});
