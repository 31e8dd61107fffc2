import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationNames } from "../../../src/core/annotation-names.ts";
import { originsOf } from "../../../src/core/read-values.ts";
import { mergeDefaults } from "../../../src/core/targets/namespace-defaults.ts";
import { isSameTarget, parseTarget } from "../../../src/core/targets/target.ts";
import type { DefaultsRecord, NamespaceDefaults, WorkloadRecord } from "../../../src/core/types.ts";
import { leastCpuMs } from "../../growth.ts";
import { required } from "../required-annotations.ts";

type Values = Readonly<Record<string, string | undefined>>;

const prefixed = (values: Values) =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[`gitops.operator.${name}`, value]])));

function configMap(name: string, values: Values, more: Partial<DefaultsRecord> = {}): DefaultsRecord {
  return { namespace: "team", name, annotations: prefixed(values), ...more };
}

function recordOf(values: Values, ...maps: readonly DefaultsRecord[]): WorkloadRecord {
  const defaults = mergeDefaults(maps);
  return {
    ...{ kind: "Deployment", namespace: "team", name: "web", annotations: prefixed(values), containers: [] },
    ...(defaults && { defaults }),
  };
}

const parse = (values: Values, ...maps: readonly DefaultsRecord[]) => parseTarget(recordOf(values, ...maps), "operator-home");

const { image_name, deployment_path, ...shared } = required;
const own = { image_name, deployment_path };

test("an object with two annotations and a ConfigMap with the other five is what one with seven is", () => {
  const parsed = parse(own, configMap("defaults", shared));
  assert.equal(parsed.kind, "ready", JSON.stringify(parsed));
  assert.deepEqual(parsed, parse(required));
});

test("every annotation may be given by a ConfigMap, enabled too", () => {
  for (const name of annotationNames) {
    const value = required[name as keyof typeof required] ?? "x";
    const record = recordOf({ paused_reason: name === "paused_reason" ? undefined : "why" }, configMap("defaults", { [name]: value }));
    assert.deepEqual(originsOf(record), [[name, "defaults"]]);
  }
});

test("an object without any annotation of ours is not made ours by a ConfigMap", () => {
  assert.deepEqual(parse({}, configMap("defaults", required)), { kind: "untracked" });
});

test("an annotation wins over a ConfigMap, and what came from where is known", () => {
  const record = recordOf({ ...own, observe_branch: "release" }, configMap("defaults", { ...shared, observe_branch: "main" }));
  const parsed = parseTarget(record, "operator-home");
  assert.equal(parsed.kind === "ready" && parsed.target.appBranch, "release");
  const origins = Object.fromEntries(originsOf(record));
  assert.equal(origins.observe_branch, undefined);
  assert.deepEqual(new Set(Object.keys(origins)), new Set(Object.keys(shared)));
});

test("an annotation that is empty takes a default away, of an optional one and of a required one", () => {
  const map = configMap("defaults", { ...shared, notifications_secret_name: "chat" });
  const parsed = parse({ ...own, notifications_secret_name: "" }, map);
  assert.equal(parsed.kind === "ready" && parsed.target.notificationsSecret, undefined);
  const without = parse({ ...own, ssh_key_name: " " }, map);
  assert.equal(without.kind, "incomplete");
  assert.match(JSON.stringify(without), /gitops\.operator\.ssh_key_name is missing/);
});

test("an object may be switched off alone where its namespace is on, and on where its namespace is off", () => {
  assert.equal(parse({ ...own, enabled: "false" }, configMap("defaults", shared)).kind, "disabled");
  assert.equal(parse({ ...own, enabled: "true" }, configMap("defaults", { ...shared, enabled: "false" })).kind, "ready");
});

test("two ConfigMaps that disagree make the objects malformed that need the value, naming the key and both", () => {
  const maps = [configMap("b", { observe_branch: "dev" }), configMap("a", { ...shared, observe_branch: "main" })];
  const parsed = parse(own, ...maps);
  assert.deepEqual(parsed.kind === "malformed" && parsed.problems, [
    "gitops.operator.observe_branch differs between ConfigMap a and ConfigMap b; make them agree, or keep it in one of them",
  ]);
  assert.equal(parse({ ...own, observe_branch: "release" }, ...maps).kind, "ready");
});

test("two ConfigMaps that say the same, but for spaces, or of which one says nothing, don't disagree", () => {
  const parsed = parse(own, configMap("a", { ...shared, observe_branch: "" }), configMap("b", { ...shared, ssh_key_name: " ssh-key\n" }));
  assert.equal(parsed.kind, "ready", JSON.stringify(parsed));
});

test("ConfigMaps that disagree on whether objects are enabled do not switch them off in silence", () => {
  for (const [first, second] of [
    ["true", "false"],
    ["false", "true"],
  ]) {
    const parsed = parse(own, configMap("a", { ...shared, enabled: first }), configMap("b", { enabled: second }));
    assert.equal(parsed.kind, "malformed");
    assert.match(JSON.stringify(parsed), /gitops\.operator\.enabled differs between ConfigMap a and ConfigMap b/);
  }
});

test("a value that is malformed is told with the ConfigMap that holds it", () => {
  const parsed = parse(own, configMap("defaults", { ...shared, observe_branch: "-d", tag_type: "shrt" }));
  assert.equal(parsed.kind, "malformed");
  assert.match(JSON.stringify(parsed), /"gitops\.operator\.observe_branch of ConfigMap defaults /);
  assert.match(JSON.stringify(parsed), /"gitops\.operator\.tag_type of ConfigMap defaults is neither/);
});

test("a ConfigMap that can't be read makes every object of its namespace malformed: what it would say is not known", () => {
  const unread = configMap("large", {}, { problem: "is too large; make it smaller" });
  const parsed = parse(required, unread);
  assert.deepEqual(parsed.kind === "malformed" && parsed.problems, ["ConfigMap large is too large; make it smaller"]);
  assert.match(JSON.stringify(parse(own, unread)), /"incomplete".*ConfigMap large is too large/);
});

test("keys of a ConfigMap that have no effect are told with the ones that may be meant", () => {
  const map = configMap("defaults", { ...shared, observe_brnch: "…" }, { moreUnknown: 3 });
  const parsed = parse(own, { ...map, annotations: { ...map.annotations, observe_branch: "…" } });
  assert.deepEqual(parsed.kind === "ready" && parsed.warnings, [
    "ConfigMap defaults: gitops.operator.observe_brnch is unknown and has no effect; did you mean gitops.operator.observe_branch?",
    "ConfigMap defaults: 3 more unknown gitops.operator.* annotations; remove them",
    "ConfigMap defaults: observe_branch has no effect; call it gitops.operator.observe_branch",
  ]);
});

test("where no ConfigMap was ever seen, an object that lacks something says why, and one that is complete is ready", () => {
  const unseen: NamespaceDefaults = { values: {}, conflicts: {}, problems: [], warnings: [], unseen: "the ConfigMaps may not be listed" };
  const incomplete = parseTarget({ ...recordOf(own), defaults: unseen }, "operator-home");
  assert.equal(incomplete.kind === "incomplete" && incomplete.problems.at(-1), "the ConfigMaps may not be listed");
  assert.equal(parseTarget({ ...recordOf(required), defaults: unseen }, "operator-home").kind, "ready");
});

test("a ConfigMap that changes is another target, one that changes nothing that counts is the same", () => {
  const targetWith = (values: Values) => {
    const parsed = parse({ ...own, look_back: "3" }, configMap("defaults", { ...shared, ...values }));
    assert.equal(parsed.kind, "ready");
    return parsed.kind === "ready" ? parsed.target : assert.fail();
  };
  assert.equal(isSameTarget(targetWith({}), targetWith({ observe_branch: "dev" })), false);
  assert.equal(isSameTarget(targetWith({}), targetWith({ look_back: "9" })), true);
});

test("names that JavaScript knows are names like others", () => {
  const map: DefaultsRecord = {
    namespace: "team",
    name: "__proto__",
    annotations: JSON.parse('{"gitops.operator.__proto__":"x","constructor":"y"}'),
  };
  const parsed = parse(own, map, configMap("constructor", shared));
  assert.equal(parsed.kind, "ready", JSON.stringify(parsed));
});

// S33
test("of more than 20 ConfigMaps in a namespace none is read: its objects are malformed, whatever there are, and it costs nobody anything", async () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => configMap(`defaults-${index}`, { ...shared, unknown: "x" }));
  assert.equal(parse(own, ...many(20)).kind, "ready");
  const parsed = parse(required, ...many(21));
  assert.equal(parsed.kind, "malformed");
  assert.match(
    parsed.kind === "malformed" ? parsed.problems.join() : "",
    /has 21 ConfigMaps with the label gitops\.operator\/defaults, and 20 at most are read; make them fewer/,
  );
  const [few, thousands] = [many(20), many(4_000)];
  assert.ok((await leastCpuMs(() => mergeDefaults(thousands))) < (await leastCpuMs(() => mergeDefaults(few))));
});

// S33
test("each object of a namespace has ten warnings of its ConfigMaps at most, and how many there are more", () => {
  const maps = Array.from({ length: 20 }, (_, index) => configMap(`defaults-${index}`, { ...shared, one: "x", two: "x" }));
  const parsed = parse(own, ...maps);
  assert.equal(parsed.kind, "ready");
  const warnings = parsed.kind === "ready" ? parsed.warnings : [];
  assert.equal(warnings.length, 11);
  assert.equal(warnings.at(-1), "30 more keys of its ConfigMaps with defaults have no effect");
});
