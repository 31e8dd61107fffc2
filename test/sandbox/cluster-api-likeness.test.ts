/** Where the double is as unkind as real API servers; the answers are theirs, word for word. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { eventually } from "../eventually.ts";
import { ask, deployment, deployments, inTeam, names, start } from "./ask-cluster-api.ts";

test("knows no roles for a while after a start, though it is up and knows who asks", async (t) => {
  const api = await start(t);
  await api.restart(300);
  assert.equal((await fetch(`${api.url}/livez`)).status, 200);
  const { code, body } = await ask(api, "GET", deployments);
  assert.deepEqual([code, body.reason], [403, "Forbidden"]);
  assert.match(
    body.message,
    /^deployments\.apps is forbidden: User "sandbox" cannot list resource "deployments" in API group "apps" at the /,
  );
  await eventually(async () => (await ask(api, "GET", deployments)).code === 200);
  const remember = api.faults.forgetRoles();
  assert.equal((await ask(api, "GET", "/api")).code, 403);
  remember();
  assert.equal((await ask(api, "GET", "/api")).code, 200);
});

test("turns away in plain text when too much is asked of it", async (t) => {
  const api = await start(t);
  const end = api.faults.answer(429);
  const response = await fetch(api.url + deployments);
  assert.deepEqual(
    [response.status, response.headers.get("retry-after"), response.headers.get("content-type"), await response.text()],
    [429, "1", "text/plain; charset=utf-8", "Too many requests, please try again later.\n"],
  );
  end();
  assert.equal((await ask(api, "GET", deployments)).code, 200);
});

test("makes nothing in a namespace that is terminating, and says so in the causes of its 403", async (t) => {
  const api = await start(t);
  api.put({ ...deployment("a"), metadata: { name: "a", namespace: "team" } });
  const { body: namespace } = await ask(api, "DELETE", "/api/v1/namespaces/team");
  assert.deepEqual([namespace.status.phase, typeof namespace.metadata.deletionTimestamp], ["Terminating", "string"]);
  const { code, body } = await ask(api, "POST", inTeam, deployment("b"));
  assert.deepEqual([code, body.reason], [403, "Forbidden"]);
  const problem = "unable to create new content in namespace team because it is being terminated";
  assert.equal(body.message, `deployments.apps "b" is forbidden: ${problem}`);
  const cause = { reason: "NamespaceTerminating", message: "namespace team is being terminated", field: "metadata.namespace" };
  assert.deepEqual(body.details, { name: "b", group: "apps", kind: "deployments", causes: [cause] });
  assert.equal((await ask(api, "GET", `${inTeam}/a`)).code, 200);
});

test("lists Events by their names, whenever they were made, and that is the order of kubectl describe", async (t) => {
  const api = await start(t);
  for (const name of ["shop.c", "shop.a", "shop.b"]) api.put({ kind: "Event", metadata: { name, namespace: "team" } });
  assert.equal(names((await ask(api, "GET", "/api/v1/namespaces/team/events")).body), "shop.a,shop.b,shop.c");
});

test("refuses an unknown format, an answer that nobody can read, another kind, bad names and foreign continue tokens", async (t) => {
  const api = await start(t);
  api.put({ kind: "Namespace", metadata: { name: "team" } });
  assert.equal((await ask(api, "POST", inTeam, deployment("a"), "text/plain")).code, 415);
  assert.equal((await fetch(api.url + deployments, { headers: { accept: "text/html" } })).status, 406);
  assert.equal((await ask(api, "POST", inTeam, { ...deployment("a"), kind: "Secret" })).code, 400);
  assert.equal((await ask(api, "POST", inTeam, { ...deployment("a"), apiVersion: "extensions/v1beta1" })).code, 400);
  assert.equal((await ask(api, "POST", inTeam, { ...deployment("a"), metadata: { name: "a", resourceVersion: "1" } })).code, 400);
  for (const name of ["A", "a_b", "a.", "x".repeat(254)]) assert.equal((await ask(api, "POST", inTeam, deployment(name))).code, 422, name);
  assert.equal((await ask(api, "GET", `${deployments}?continue=bm9uc2Vuc2U`)).code, 400);
  assert.equal((await ask(api, "GET", `${deployments}?continue=bm9uc2Vuc2U&resourceVersion=1`)).code, 400);
});

test("may end a connection over HTTP/2 politely: what is under way is answered, the next request opens another", async (t) => {
  const api = await start(t, { protocol: "h2" });
  const session = connect(api.url, { ca: api.caPem });
  t.after(() => session.destroy());
  const closed = once(session, "close");
  const watch = session.request({ ":path": `${deployments}?watch=true&timeoutSeconds=1` });
  let text = "";
  watch.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  await once(watch, "response");
  const told = once(session, "goaway");
  api.faults.goAway();
  await told;
  api.put(deployment("late"));
  await closed;
  assert.match(text, /"ADDED".*"late"/);
});
