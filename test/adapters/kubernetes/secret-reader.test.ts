import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kubeconfigOf } from "../../../sandbox/cluster-api/kubeconfig.ts";
import { createKubeClient } from "../../../src/adapters/kubernetes/kube-client.ts";
import { createSecretReader } from "../../../src/adapters/kubernetes/secret-reader.ts";
import type { SecretRef } from "../../../src/core/types.ts";
import { kubeConfigOf, protocols, startCluster, until } from "./start-cluster.ts";

/** Reads one field of each Secret. */
function createReader(...of: Parameters<typeof createSecretReader>) {
  const secrets = createSecretReader(...of);
  return {
    async read(ref: SecretRef, field: string) {
      const { texts, allowedRepositories } = await secrets.read(ref, [field], field);
      return { text: texts[field] ?? "", allowedRepositories };
    },
  };
}

const key = { namespace: "team", name: "key" };
const canary = "c4n4ry-v4lue";

function put(api: Awaited<ReturnType<typeof startCluster>>["api"], data: object): void {
  api.put({ kind: "Secret", metadata: key, data });
}

const toBase64 = (text: string) => Buffer.from(text).toString("base64");

describe("reading Secrets", () => {
  for (const protocol of protocols) {
    test(`over ${protocol}: the decoded field, over one connection, and nothing is kept`, async (t) => {
      const { api, client } = await startCluster(t, { protocol });
      const secrets = createReader(client);
      put(api, { "ssh-privatekey": toBase64("first ü\n") });
      assert.equal((await secrets.read(key, "ssh-privatekey")).text, "first ü\n");
      put(api, { "ssh-privatekey": toBase64("rotated") });
      assert.equal((await secrets.read(key, "ssh-privatekey")).text, "rotated");
      assert.equal(api.requests.length, 2);
      assert.equal(api.connectionCount, 1);
    });

    test(`over ${protocol}: 300 at once need few connections`, async (t) => {
      const { api, client } = await startCluster(t, { protocol });
      const secrets = createReader(client);
      for (let i = 0; i < 300; i++) api.put({ kind: "Secret", metadata: { name: `s${i}`, namespace: "team" }, stringData: { a: `v${i}` } });
      const values = await Promise.all(Array.from({ length: 300 }, (_, i) => secrets.read({ namespace: "team", name: `s${i}` }, "a")));
      assert.deepEqual(
        values.map(({ text }) => text),
        Array.from({ length: 300 }, (_, i) => `v${i}`),
      );
      assert.equal(api.requests.length, 300);
      assert.ok(api.connectionCount <= 8, `${api.connectionCount}`);
    });
  }

  test("equal reads at the same moment share one request, whatever their fields", async (t) => {
    const { api, client } = await startCluster(t);
    const secrets = createReader(client);
    put(api, { a: toBase64("A"), b: toBase64("B") });
    const answers = await Promise.all(["a", "b", "a"].map((field) => secrets.read(key, field)));
    assert.deepEqual(
      answers.map(({ text }) => text),
      ["A", "B", "A"],
    );
    assert.equal(api.requests.length, 1);
    await secrets.read(key, "a");
    assert.equal(api.requests.length, 2);
  });

  test("a field of more than 64 KiB is refused, one of 64 KiB is read", async (t) => {
    const { api, client } = await startCluster(t);
    const secrets = createReader(client);
    put(api, { "webhook-url": toBase64("x".repeat(65_535)) });
    assert.equal((await secrets.read(key, "webhook-url")).text.length, 65_535);
    put(api, { "webhook-url": toBase64("x".repeat(65_540)) });
    await assert.rejects(secrets.read(key, "webhook-url"), {
      code: "secret_unreadable",
      message: "Secret team/key: field webhook-url is longer than 64 KiB; keep only what the operator needs in it",
    });
  });

  // F34-F35
  test("an absent Secret says how to create it", async (t) => {
    const { client } = await startCluster(t);
    await assert.rejects(createReader(client).read(key, "ssh-privatekey"), {
      code: "secret_missing",
      message:
        "Secret team/key does not exist: correct the annotation that names it, or create it with " +
        "kubectl create secret generic key --from-file=ssh-privatekey=/path --namespace team",
    });
  });

  for (const [field, recipe] of [
    ["ssh-privatekey", "kubectl create secret generic key --from-file=ssh-privatekey=/path"],
    ["webhook-url", "kubectl create secret generic key --from-literal=webhook-url=…"],
    ["github-token", "kubectl create secret generic key --from-literal=github-token=…"],
    [".dockerconfigjson", "kubectl create secret docker-registry key --docker-server=… --docker-username=… --docker-password=…"],
  ] as const) {
    // F34-F35
    test(`a Secret without ${field} says how to recreate it`, async (t) => {
      const { api, client } = await startCluster(t);
      put(api, { other: toBase64(canary) });
      await assert.rejects(createReader(client).read(key, field), {
        code: "secret_field_missing",
        message: `Failed to read field: ${field} in data, consider recreating the secret with ${recipe} --namespace team`,
      });
    });
  }

  test("a field that only Object.prototype has, and a Secret without data, are missing fields", async (t) => {
    const { api, client } = await startCluster(t);
    api.put({ kind: "Secret", metadata: key });
    for (const field of ["constructor", "__proto__", "toString"]) {
      await assert.rejects(createReader(client).read(key, field), { code: "secret_field_missing" });
    }
  });

  test("a forbidden Secret names the missing right", async (t) => {
    const { api, client } = await startCluster(t);
    api.faults.answer(403, /secrets/);
    const secrets = createReader(client);
    await assert.rejects(secrets.read(key, "a"), {
      code: "secret_forbidden",
      message:
        "Secret team/key may not be read by the operator: grant the operator's service account the verb get on secrets in namespace team (Role and RoleBinding)",
    });
    assert.equal(api.requests.length, 2);
    await assert.rejects(secrets.read(key, "a"), { code: "secret_forbidden" });
    assert.equal(api.requests.length, 3, "what was refused twice is not doubted again");
  });

  test("a Secret that an API server refuses only while it starts is read", async (t) => {
    const { api, client } = await startCluster(t, {}, 1_500);
    put(api, { a: toBase64("A") });
    const allow = api.faults.answer(403, /secrets/);
    const reading = createReader(client).read(key, "a");
    await until("it was refused", () => api.requests.length === 1);
    allow();
    assert.equal((await reading).text, "A");
  });

  test("who has no credentials is told that, and not of RBAC", async (t) => {
    const { api } = await startCluster(t, { token: "t" });
    const client = createKubeClient(kubeConfigOf(kubeconfigOf({ url: api.url, caPem: undefined, token: undefined })), 10);
    t.after(() => client.close());
    const remedy = /no credentials reached the API server: give the kubeconfig's user a token/;
    await assert.rejects(createReader(client).read(key, "a"), { code: "secret_forbidden", message: remedy });
  });

  for (const [code, message] of [
    [401, /^Secret team\/key cannot be read: the API server does not accept the operator's credentials \(HTTP 401\)/],
    [500, /^Secret team\/key cannot be read: HTTP 500: injected: 500; it is tried again at the next pass$/],
    [503, /^Secret team\/key cannot be read: HTTP 503/],
  ] as const) {
    // F34-F35
    test(`HTTP ${code} is told from absent and denied`, async (t) => {
      const { api, client } = await startCluster(t);
      api.faults.answer(code);
      await assert.rejects(createReader(client).read(key, "a"), { code: "secret_unreadable", message });
    });
  }

  test("a server that is down is told from absent and denied", async (t) => {
    const { api, client } = await startCluster(t);
    await api.faults.goDown();
    await assert.rejects(createReader(client).read(key, "a"), {
      code: "secret_unreadable",
      message: /cannot be read: connect ECONNREFUSED/,
    });
  });

  for (const protocol of protocols) {
    test(`over ${protocol}: a read that is never answered ends at its deadline, and the next one uses a new connection`, async (t) => {
      const { api, client } = await startCluster(t, { protocol });
      const secrets = createReader(client, { deadlineMs: 1_000 });
      put(api, { a: toBase64("A") });
      assert.equal((await secrets.read(key, "a")).text, "A");
      const end = api.faults.hang(/secrets/);
      await assert.rejects(secrets.read(key, "a"), { code: "secret_unreadable", message: /no answer within 1 s/ });
      end();
      assert.equal((await secrets.read(key, "a")).text, "A");
      assert.equal(api.connectionCount, 2);
    });
  }

  // F34-F35
  test("what is not strictly base64 of UTF-8 is refused, and the value is not in the message", async (t) => {
    const { api, client } = await startCluster(t);
    const secrets = createReader(client);
    for (const value of [canary, "YQ", "YQ=", "Y Q==", "YQ==\n", "YR==", "_-8=", "=", "YQ==YQ=="]) {
      put(api, { a: value });
      await assert.rejects(secrets.read(key, "a"), (error: Error & { code: string }) => {
        assert.equal(error.code, "secret_unreadable", value);
        assert.equal(error.message, "Secret team/key: field a is not base64; recreate the Secret with kubectl create secret");
        assert.equal(error.cause, undefined);
        return true;
      });
    }
    put(api, { a: "/w==" });
    await assert.rejects(secrets.read(key, "a"), { code: "secret_unreadable", message: /field a is not UTF-8 text/ });
    put(api, { a: "" });
    assert.equal((await secrets.read(key, "a")).text, "");
  });

  test("what cannot be a name is absent, and is not asked for", async (t) => {
    const { api, client } = await startCluster(t);
    const secrets = createReader(client);
    for (const name of ["", ".", "..", "a/b", "a?b", "a%2fb", "A", "a\n", "ä"]) {
      await assert.rejects(secrets.read({ namespace: "team", name }, "a"), { code: "secret_missing" }, name);
      await assert.rejects(secrets.read({ namespace: name, name: "key" }, "a"), { code: "secret_missing" }, name);
    }
    assert.equal(api.requests.length, 0);
  });
});
