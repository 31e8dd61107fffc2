import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { eventObject } from "../../../src/adapters/kubernetes/event-object.ts";
import { createEventRecorder } from "../../../src/adapters/kubernetes/event-recorder.ts";
import type { ClusterEvent } from "../../../src/core/news/events.ts";
import type { WorkloadRecord } from "../../../src/core/types.ts";
import { never, startCluster, type Told, until } from "./start-cluster.ts";

const updated: ClusterEvent = { type: "Normal", reason: "ImageUpdated", note: "a new tag" };
const identity = { kind: "Deployment", apiVersion: "apps/v1", namespace: "default", name: "app", uid: "u-1", resourceVersion: "7" };
const app: WorkloadRecord = { ...identity, annotations: {}, containers: [] };

const inMicros = () => Date.now() * 1_000;

async function startRecorder(t: TestContext, times: object = {}, doubtMs = 20) {
  const { api, client } = await startCluster(t, {}, doubtMs);
  const told: Told[] = [];
  const tell = (level: Told["level"]) => (fields: object, message: string) => void told.push({ level, message, fields: { ...fields } });
  const log = { info: tell("info"), warn: tell("warn"), error: tell("error") };
  const recorder = createEventRecorder({ client, log, instance: "pod-1", deadlineMs: 1_000, ...times });
  t.after(() => recorder.close(0));
  const posts = () => api.requests.filter(({ method }) => method === "POST").length;
  return { api, client, recorder, told, posts };
}

test("Events arrive in their order, about that very Deployment, with a time of six fractional digits", async (t) => {
  const { api, recorder, told } = await startRecorder(t);
  for (let index = 0; index < 20; index++) recorder.record(app, { ...updated, note: `note ${index}` });
  await until("all are posted", () => recorder.counts.recorded === 20);
  const events = [...api.list("Event")].sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  assert.deepEqual(
    events.map(({ note }) => note),
    Array.from({ length: 20 }, (_, index) => `note ${index}`),
  );
  const [event] = events;
  assert.match(String(event?.eventTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.deepEqual(event?.regarding, {
    ...{ apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: "app", uid: "u-1", resourceVersion: "7" },
  });
  assert.deepEqual([event?.type, event?.reason, event?.reportingController], ["Normal", "ImageUpdated", "gitops-operator"]);
  assert.deepEqual(told, []);
});

test("the server refuses the time of a plain Date, and takes ours", async (t) => {
  const { client } = await startRecorder(t);
  const post = (object: object) =>
    client.post("/apis/events.k8s.io/v1/namespaces/default/events", object, { deadlineMs: 1_000, signal: never });
  const ours = eventObject({ about: identity, event: updated, atMicros: inMicros() }, "pod-1");
  const plain = await post({ ...ours, eventTime: new Date() });
  assert.equal(plain.status, 400);
  assert.match(plain.text, /2006-01-02T15:04:05\.000000Z07:00/);
  assert.equal((await post(ours)).status, 201);
});

test("a note of any length and any letters is cut to 1,024 bytes, never within a character", async (t) => {
  const { api, recorder } = await startRecorder(t);
  const notes = ["x".repeat(1024), "x".repeat(1025), "é".repeat(600), `x${"é".repeat(600)}`, `xx${"🚢".repeat(300)}`];
  for (const note of notes) recorder.record(app, { ...updated, note });
  await until("all are posted", () => recorder.counts.recorded === notes.length);
  const shown = api.list("Event").map(({ note }) => String(note));
  assert.ok(shown.includes("x".repeat(1024)));
  assert.equal(shown.filter((note) => note.endsWith("…")).length, 4);
  for (const note of shown) assert.doesNotMatch(note, /\ufffd/);
});

test("names of any length make a valid name of an Event", () => {
  for (const name of ["a", "a".repeat(253), `${"a".repeat(235)}.${"b".repeat(17)}`, `${"a".repeat(230)}-------${"b".repeat(16)}`]) {
    const { metadata } = eventObject({ about: { ...identity, name }, event: updated, atMicros: inMicros() }, "") as {
      metadata: { name: string };
    };
    assert.ok(metadata.name.length <= 253);
    assert.match(metadata.name, /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/);
  }
});

test("the names of a Deployment's Events sort as they happened, as kubectl describe shows them", async (t) => {
  const { api, recorder } = await startRecorder(t);
  const notes = Array.from({ length: 200 }, (_, index) => `note ${index}`);
  for (const note of notes) recorder.record(app, { ...updated, note });
  await until("all are posted", () => recorder.counts.recorded === notes.length);
  const byName = [...api.list("Event")].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  assert.deepEqual(
    byName.map(({ note }) => note),
    notes,
  );
  for (const { metadata, eventTime } of byName) {
    const [, time = ""] = metadata.name.match(/^app\.([0-9a-f]{14})[0-9a-f]{8}$/) ?? assert.fail(metadata.name);
    const micros = Number.parseInt(time, 16);
    assert.equal(String(eventTime), new Date(micros / 1_000).toISOString().replace("Z", `${String(micros % 1_000).padStart(3, "0")}Z`));
  }
});

test("RBAC that forbids is one warning with the remedy, however many Events, and they come once it allows, in their order", async (t) => {
  const { api, recorder, told, posts } = await startRecorder(t, { forbiddenMs: 100 });
  const forbid = () => api.faults.answer(403, /^POST .*\/events/);
  const warned = () => told.map(({ level, message }) => [level, message]);
  const warning = ["warn", "Kubernetes Events are not recorded: RBAC forbids"];
  let allow = forbid();
  for (let index = 0; index < 10; index++) recorder.record(app, { ...updated, note: `note ${index}` });
  await until("it is told", () => told.length > 0);
  assert.deepEqual(warned(), [warning]);
  assert.match(String(told[0]?.fields.remedy), /verb create on events\.events\.k8s\.io/);
  assert.equal(told[0]?.fields.namespace, "default");
  assert.equal(posts(), 2, "one is tried, and once more in case the server has just started");
  recorder.again();
  assert.equal(posts(), 2, "not before its time");
  allow();
  await new Promise((resolve) => setTimeout(resolve, 150));
  recorder.again();
  await until("all are posted", () => recorder.counts.recorded === 10);
  const byName = [...api.list("Event")].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  assert.deepEqual(
    byName.map(({ note }) => note),
    Array.from({ length: 10 }, (_, index) => `note ${index}`),
  );
  allow = forbid();
  recorder.record(app, updated);
  await until("it is told anew", () => told.length > 1);
  assert.deepEqual(warned(), [warning, warning]);
  allow();
});

test("an API server that knows no roles while it starts loses no Event, and no warning is told", async (t) => {
  const { api, recorder, told } = await startRecorder(t, {}, 1_500);
  const remember = api.faults.forgetRoles();
  recorder.record(app, updated);
  await until("it was refused", () => recorder.counts.failed === 1);
  remember();
  await until("it is posted", () => recorder.counts.recorded === 1);
  assert.deepEqual(told, []);
});

test("a namespace without the right keeps no other from its Events", async (t) => {
  const { api, recorder, told } = await startRecorder(t);
  api.put({ kind: "Namespace", metadata: { name: "closed" } });
  api.faults.answer(403, /^POST .*\/namespaces\/closed\//);
  for (let index = 0; index < 50; index++) recorder.record({ ...app, namespace: "closed" }, updated);
  await until("it is told", () => told.length > 0);
  recorder.record(app, updated);
  await until("the other's is posted", () => recorder.counts.recorded === 1);
  assert.equal(told.length, 1);
});

test("a namespace that is being deleted is told as that, not as a missing right, and its Events are not tried again", async (t) => {
  const { api, client, recorder, told, posts } = await startRecorder(t);
  api.put({ kind: "Namespace", metadata: { name: "ending", deletionTimestamp: new Date().toISOString() } });
  const path = "/apis/events.k8s.io/v1/namespaces/ending/events";
  const about = { ...identity, namespace: "ending" };
  const answer = await client.post(path, eventObject({ about, event: updated, atMicros: inMicros() }, "pod-1"), {
    ...{ deadlineMs: 1_000, signal: never },
  });
  assert.equal(answer.status, 403);
  recorder.record({ ...app, namespace: "ending" }, updated);
  await until("it is told", () => told.length > 0);
  assert.deepEqual(told, [
    {
      ...{ level: "info", message: "Kubernetes Event not recorded: its namespace is being deleted" },
      fields: { namespace: "ending", event: "ImageUpdated" },
    },
  ]);
  const before = posts();
  recorder.again();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(posts(), before);
});

for (const code of [401, 500, 503]) {
  test(`an Event that was answered with ${code} is posted at the next pass, and what is told once is told anew after that`, async (t) => {
    const { api, recorder, told } = await startRecorder(t);
    let end = api.faults.answer(code, /^POST/);
    for (let index = 0; index < 3; index++) recorder.record(app, updated);
    await until("all failed", () => recorder.counts.failed === 3);
    assert.equal(told.length, 1);
    end();
    recorder.again();
    await until("all are posted", () => recorder.counts.recorded === 3);
    end = api.faults.answer(code, /^POST/);
    recorder.record(app, updated);
    await until("it is told anew", () => told.length === 2);
    end();
  });
}

test("an Event that the server finds wrong is told once and not tried again", async (t) => {
  const { api, recorder, told, posts } = await startRecorder(t);
  api.faults.answer(422, /^POST/);
  recorder.record(app, updated);
  await until("it failed", () => recorder.counts.failed === 1);
  recorder.again();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([posts(), told.length], [1, 1]);
});

test("a server that never answers holds up nobody: the queue is bounded, each post has a deadline, the close too", async (t) => {
  const { api, recorder, told } = await startRecorder(t, { deadlineMs: 50 });
  api.faults.hang(/^POST/);
  for (let index = 0; index < 1_500; index++) recorder.record(app, updated);
  assert.equal(recorder.counts.dropped, 499);
  await until("a post was given up", () => recorder.counts.failed >= 2);
  assert.deepEqual(told.map(({ message }) => message).sort(), [
    "Kubernetes Event not recorded",
    "Kubernetes Events dropped, too many are waiting",
  ]);
  await recorder.close(20);
});

// S17
test("a namespace that floods the queue drops its own Events, and another's is told next", async (t) => {
  const { api, recorder } = await startRecorder(t);
  const allow = api.faults.hang(/^POST/);
  for (let index = 0; index < 1_500; index++) recorder.record({ ...app, namespace: "flood" }, updated);
  recorder.record(app, updated);
  for (let index = 0; index < 500; index++) recorder.record({ ...app, namespace: "flood" }, updated);
  assert.equal(recorder.counts.dropped, 1_000);
  allow();
  await until("the other's is posted", () => api.list("Event").some(({ metadata }) => metadata.namespace === "default"));
  assert.ok(recorder.counts.recorded < 10, `after ${recorder.counts.recorded} of the flood`);
});

test("the close posts what is queued, and nothing comes after it", async (t) => {
  const { api, recorder, posts } = await startRecorder(t);
  for (let index = 0; index < 5; index++) recorder.record(app, updated);
  await recorder.close(2_000);
  assert.equal(api.list("Event").length, 5);
  recorder.record(app, updated);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(posts(), 5);
});
