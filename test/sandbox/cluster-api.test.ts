import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { createSelfSignedCertificate } from "../../sandbox/cluster-api/self-signed-certificate.ts";
import type { ClusterApi } from "../../sandbox/cluster-api.ts";
import { ask, deployment, deployments, inTeam, type Json, names, start } from "./ask-cluster-api.ts";

/** All events of a watch that ends by itself. */
async function watch(api: ClusterApi, path: string): Promise<Json[]> {
  const text = await (await fetch(api.url + path)).text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

const summary = (events: Json[]) => events.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.code ?? ""}`.trim()).join();

describe("lists", () => {
  test("pages show one moment even when objects change between them", async (t) => {
    const api = await start(t);
    for (const name of ["a", "b", "c", "d"]) api.put(deployment(name));
    const first = (await ask(api, "GET", `${deployments}?limit=2`)).body;
    api.delete("Deployment", "team", "c");
    api.put(deployment("aa"));
    const second = (await ask(api, "GET", `${deployments}?limit=2&continue=${first.metadata.continue}`)).body;
    assert.equal(`${names(first)},${names(second)}`, "a,b,c,d");
    assert.equal(first.metadata.remainingItemCount, 2);
    assert.equal(second.metadata.continue, undefined);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(first.items[0].kind, undefined);
    assert.equal(names((await ask(api, "GET", deployments)).body), "a,aa,b,d");
  });

  test("an expired continue token gets 410", async (t) => {
    const api = await start(t);
    for (const name of ["a", "b"]) api.put(deployment(name));
    const { metadata } = (await ask(api, "GET", `${deployments}?limit=1`)).body;
    api.faults.expireContinueTokens();
    const { code, body } = await ask(api, "GET", `${deployments}?limit=1&continue=${metadata.continue}`);
    assert.deepEqual([code, body.kind, body.reason, body.code], [410, "Status", "Expired", 410]);
  });

  test("a namespace, a field selector and a label selector narrow them", async (t) => {
    const api = await start(t);
    api.put(deployment("a"));
    api.put(deployment("b"));
    api.put({ ...deployment("c", "other"), metadata: { name: "c", namespace: "other", labels: { app: "c" } } });
    assert.equal(names((await ask(api, "GET", inTeam)).body), "a,b");
    assert.equal(names((await ask(api, "GET", `${deployments}?fieldSelector=metadata.name%3Db`)).body), "b");
    assert.equal(names((await ask(api, "GET", `${deployments}?labelSelector=app%3Dc`)).body), "c");
    assert.equal(names((await ask(api, "GET", `${deployments}?labelSelector=app%21%3Dc`)).body), "a,b");
    for (const [name, reason] of Object.entries({ x: "ReconcileFailed", y: "ImageUpdated" }))
      api.put({ kind: "Event", metadata: { name, namespace: "team" }, reason, regarding: { kind: "Deployment", name: "a" } });
    const events = "/api/v1/events?fieldSelector=";
    assert.equal(names((await ask(api, "GET", `${events}reason%3DReconcileFailed`)).body), "x");
    assert.equal(names((await ask(api, "GET", `${events}involvedObject.name%3Da,reason%21%3DReconcileFailed`)).body), "y");
    assert.equal((await ask(api, "GET", `${events}involvedObject.reason%3Da`)).code, 400);
  });
});

describe("watches", { concurrency: true }, () => {
  test("replay what happened since a version, in order, then follow", async (t) => {
    const api = await start(t);
    api.put(deployment("a"));
    const { resourceVersion } = (await ask(api, "GET", deployments)).body.metadata;
    api.put(deployment("b"));
    api.delete("Deployment", "team", "a");
    api.put({ kind: "Secret", metadata: { name: "s", namespace: "team" } });
    const events = watch(api, `${deployments}?watch=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    api.put({ ...deployment("b"), spec: { replicas: 3 } });
    assert.equal(summary(await events), "ADDED b,DELETED a,MODIFIED b");
    const versions = (await events).map(({ object }) => Number(object.metadata.resourceVersion));
    assert.deepEqual(versions, [...versions].sort());
  });

  test("of a label: an object that gets it is added, one that loses it is deleted and shown as it was, others are not told of", async (t) => {
    const api = await start(t);
    const configMap = (name: string, mark: string | undefined, value: string) =>
      api.put({ kind: "ConfigMap", metadata: { name, namespace: "team", ...(mark && { labels: { mark } }) }, data: { value } });
    configMap("a", "true", "1");
    configMap("b", undefined, "1");
    const path = "/api/v1/configmaps?labelSelector=mark%3Dtrue";
    const { body } = await ask(api, "GET", path);
    assert.equal(names(body), "a");
    const events = watch(api, `${path}&watch=true&timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    configMap("b", "true", "2");
    configMap("c", "false", "1");
    configMap("b", "true", "3");
    const removed = configMap("a", undefined, "9");
    assert.equal(summary(await events), "ADDED b,MODIFIED b,DELETED a");
    const { data, metadata } = (await events).at(-1).object;
    assert.deepEqual(data, { value: "1" });
    assert.deepEqual([metadata.labels, metadata.resourceVersion], [{ mark: "true" }, removed.metadata.resourceVersion]);
  });

  test("without a version begin with everything that is there", async (t) => {
    const api = await start(t);
    for (const name of ["b", "a"]) api.put(deployment(name));
    assert.equal(summary(await watch(api, `${inTeam}?watch=1&timeoutSeconds=1`)), "ADDED a,ADDED b");
  });

  test("send bookmarks only when asked to and only with news, and one before their end", async (t) => {
    const api = await start(t, { bookmarkEveryMs: 200 });
    const { resourceVersion } = (await ask(api, "GET", deployments)).body.metadata;
    const query = `watch=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`;
    const asked = `${deployments}?${query}&allowWatchBookmarks=true`;
    assert.equal(summary(await watch(api, asked)), "");
    api.put({ kind: "Secret", metadata: { name: "s", namespace: "team" } });
    assert.equal(summary(await watch(api, `${deployments}?${query}`)), "");
    const bookmarks = await watch(api, asked);
    assert.ok(bookmarks.length >= 4, `${bookmarks.length}`);
    assert.ok(bookmarks.every(({ type, object }) => type === "BOOKMARK" && object.kind === "Deployment"));
    assert.ok(Number(bookmarks[0].object.metadata.resourceVersion) > Number(resourceVersion));
  });

  test("from a version before the history get 410 in either form", async (t) => {
    const api = await start(t);
    const { resourceVersion } = (await ask(api, "GET", deployments)).body.metadata;
    api.faults.dropHistory("event");
    const path = `${deployments}?watch=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`;
    assert.equal(summary(await watch(api, path)), "ERROR 410");
    api.faults.dropHistory("http");
    assert.equal((await ask(api, "GET", path)).code, 410);
  });

  test("from before the bounded history get 410", async (t) => {
    const api = await start(t, { historyLimit: 3 });
    const { resourceVersion } = (await ask(api, "GET", deployments)).body.metadata;
    for (const name of ["a", "b", "c"]) api.put(deployment(name));
    assert.equal(summary(await watch(api, `${deployments}?watch=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`)), "ERROR 410");
  });

  test("from the future, after a restore, say nothing", async (t) => {
    const api = await start(t);
    const backup = api.backup();
    for (const name of ["a", "b", "c"]) api.put(deployment(name));
    const { resourceVersion } = (await ask(api, "GET", deployments)).body.metadata;
    await api.restore(backup);
    const events = watch(api, `${deployments}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    api.put(deployment("d"));
    assert.equal(summary(await events), "");
  });
});

describe("objects", () => {
  test("are created, replaced, patched and deleted with the server's answers", async (t) => {
    const api = await start(t);
    const body = deployment("a");
    const missing = await ask(api, "POST", inTeam, body);
    assert.deepEqual([missing.code, missing.body.message], [404, 'namespaces "team" not found']);
    api.put({ kind: "Namespace", metadata: { name: "team" } });
    const created = await ask(api, "POST", inTeam, body);
    assert.equal(created.code, 201);
    const again = await ask(api, "POST", inTeam, body);
    assert.deepEqual([again.code, again.body.reason], [409, "AlreadyExists"]);
    const patched = await ask(api, "PATCH", `${inTeam}/a`, { metadata: { annotations: { x: "y" } } }, "application/merge-patch+json");
    assert.equal(patched.body.metadata.annotations.x, "y");
    assert.equal(patched.body.spec.template.spec.containers[0].image, "app:1");
    const stale = await ask(api, "PUT", `${inTeam}/a`, created.body);
    assert.deepEqual([stale.code, stale.body.reason], [409, "Conflict"]);
    assert.equal((await ask(api, "PUT", `${inTeam}/a`, patched.body)).code, 200);
    assert.equal((await ask(api, "DELETE", `${inTeam}/a`)).code, 200);
    const gone = await ask(api, "GET", `${inTeam}/a`);
    assert.deepEqual([gone.code, gone.body.reason, gone.body.message], [404, "NotFound", 'deployments.apps "a" not found']);
  });

  test("a strategic patch merges containers by name and null removes", async (t) => {
    const api = await start(t);
    api.put(deployment("a"));
    const patch = {
      metadata: { labels: null },
      spec: {
        template: {
          spec: {
            $setElementOrder: [],
            containers: [
              { name: "app", image: "app:2" },
              { name: "b", image: "b:1" },
            ],
          },
        },
      },
    };
    const { body } = await ask(api, "PATCH", `${inTeam}/a`, patch, "application/strategic-merge-patch+json");
    assert.deepEqual(body.spec.template.spec, {
      containers: [
        { name: "app", image: "app:2" },
        { name: "b", image: "b:1" },
      ],
    });
  });

  test("a write without change is no change", async (t) => {
    const api = await start(t);
    const first = api.put(deployment("a"));
    assert.equal(api.put(deployment("a")).metadata.resourceVersion, first.metadata.resourceVersion);
  });

  test("an Event is refused unless its times have exactly six fractional digits", async (t) => {
    const api = await start(t);
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const event = (name: string, eventTime: unknown) => ({
      metadata: { name, namespace: "default" },
      eventTime,
      ...{ reportingController: "c", reportingInstance: "i", action: "A", reason: "R", type: "Normal" },
    });
    assert.equal((await ask(api, "POST", path, event("good", "2026-01-02T03:04:05.000006Z"))).code, 201);
    for (const time of ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.1234567Z", 5]) {
      assert.equal((await ask(api, "POST", path, event("bad", time))).code, 400, String(time));
    }
    assert.equal((await ask(api, "POST", path, event("none", undefined))).code, 422);
    assert.equal((await ask(api, "POST", path, { ...event("long", "2026-01-02T03:04:05.000006Z"), note: "x".repeat(1025) })).code, 422);
    const deprecated = { ...event("old", "2026-01-02T03:04:05.000006Z"), deprecatedCount: 1 };
    assert.equal((await ask(api, "POST", path, deprecated)).code, 422);
  });

  test("a token that is required is required of everything but the health checks", async (t) => {
    const api = await start(t, { token: "t0ken" });
    assert.equal((await fetch(`${api.url}/livez`)).status, 200);
    const as = async (authorization: string | undefined, path = deployments) => {
      const response = await fetch(api.url + path, { headers: { ...(authorization && { authorization }) } });
      return { code: response.status, ...((await response.json()) as { message: string; details?: object }) };
    };
    // Unknown is 401; no name at all is the user of those without one, who may read nothing.
    const wrong = await as("Bearer other");
    assert.deepEqual([wrong.code, wrong.message, wrong.details], [401, "Unauthorized", undefined]);
    const anonymous = await as(undefined);
    assert.equal(anonymous.code, 403);
    assert.match(anonymous.message, /^deployments\.apps is forbidden: User "system:anonymous" cannot list resource "deployments" in API/);
    assert.match((await as(undefined, "/api")).message, /^forbidden: User "system:anonymous" cannot get path "\/api"$/);
    assert.equal((await fetch(api.url + deployments, { headers: { authorization: "Bearer t0ken" } })).status, 200);
  });
});

test("the certificate is one that OpenSSL reads, signed by itself for loopback", () => {
  const certificate = new X509Certificate(createSelfSignedCertificate().certPem);
  assert.equal(certificate.subjectAltName, "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  assert.equal(certificate.verify(certificate.publicKey), true);
  assert.equal(certificate.checkIssued(certificate), true);
});
