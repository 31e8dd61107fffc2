import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { createKubeClient, type KubeClient } from "../../src/adapters/kubernetes/kube-client.ts";
import { createWorkloadCache } from "../../src/adapters/kubernetes/workload-cache.ts";
import { eventually } from "../eventually.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { type ApiServer, skipWithoutAssets, startApiServer } from "./api-server.ts";
import { converges, deployShop, startInstalled, user } from "./installed-operator.ts";

const blame = /RBAC|grant |credentials/;
const group = "flowcontrol.apiserver.k8s.io";
const apps = "/apis/apps/v1/namespaces/default/deployments";
const limits = { deadlineMs: 10_000, signal: new AbortController().signal };

function tinyDeployment(name: string): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "app", image: "app:1" }] } };
  const metadata = { name, annotations: { "gitops.operator.enabled": "true" } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas: 0, selector: { matchLabels: labels }, template } };
}

function clientOf(t: TestContext, kubeconfig: string): KubeClient {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const client = createKubeClient(config);
  t.after(() => client.close());
  return client;
}

describe("a real API server that restarts, forgets, sheds load and sends its clients away", { skip: skipWithoutAssets }, () => {
  let server: ApiServer;
  before(async () => {
    server = await startApiServer();
  });
  after(() => server?.close());

  function administrator(t: TestContext, port = server.port): KubeClient {
    return clientOf(t, server.kubeconfig(server.adminToken, port));
  }

  async function create(client: KubeClient, ...names: readonly string[]): Promise<void> {
    const answers = await Promise.all(names.map((name) => client.post(apps, tinyDeployment(name), limits)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  }

  function startCache(t: TestContext, client: KubeClient) {
    const cache = createWorkloadCache({ client, namespaces: ["default"], log: { info() {}, warn() {}, error() {} } });
    t.after(() => cache.close());
    const has = (name: string) => cache.list().some((record) => record.name === name);
    return { cache, has };
  }

  async function restart(flags: readonly string[] = []): Promise<void> {
    await server.stop();
    await server.start(flags);
  }

  // F56
  test("a restart under /reconcile: every call is answered, nobody's rights are blamed, and the next commit lands", async (t) => {
    const installed = await startInstalled(t, server, "manifests/base");
    const { manifests, app } = await deployShop(installed);
    await converges(installed, await app.tip());
    const answers: Awaited<ReturnType<typeof installed.reconcile>>[] = [];
    let isOver = false;
    const asking = (async () => {
      for (; !isOver; await sleep(50)) answers.push(await installed.reconcile());
    })();
    await restart();
    const sha = await app.commit({ "index.html": "2" });
    await converges(installed, sha);
    isOver = true;
    await asking;
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    const messages = [...new Set(answers.flatMap(({ entries }) => entries.map(({ message }) => message)))];
    assert.deepEqual(
      [...messages, ...installed.problems(), ...(await installed.described("shop"))].filter((text) => blame.test(text)),
      [],
    );
    assert.match(await manifests.read("shop/deployment.yaml"), new RegExp(`:${sha} `));
  });

  test("kubectl describe shows the Events in the order in which they happened", async (t) => {
    const installed = await startInstalled(t, server, "manifests/base");
    const { app } = await deployShop(installed);
    const before = (await server.kubectl(["get", "events.v1.events.k8s.io", "-o", "name"])).trim();
    if (before !== "") await server.kubectl(["delete", "events.v1.events.k8s.io", "--all"]);
    const shas: string[] = [];
    for (let index = 2; index < 8; index++) {
      const sha = await app.commit({ "index.html": `${index}` });
      shas.push(sha);
      await converges(installed, sha);
    }
    const told = async () => (await installed.described("shop")).map((line) => /to version ([0-9a-f]{40})/.exec(line)?.[1] ?? line);
    await eventually(async () => (await told()).length >= shas.length, "all are told");
    assert.deepEqual(await told(), shas);
  });

  test("a namespace that is being deleted: its Deployment is served still, and nobody's rights are blamed", async (t) => {
    const installed = await startInstalled(t, server, "manifests/base");
    await server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "leaving" } });
    await installed.deploy({ name: "gone", namespace: "leaving", annotations: { deployment_path: "../up" } });
    await server.kubectl(["delete", "namespace", "leaving", "--wait=false"]);
    const { entries } = await installed.reconcile("?namespace=leaving&deployment=gone");
    assert.deepEqual(
      entries.map(({ action }) => action),
      ["failed"],
    );
    const isRefused = async () =>
      (await server.audit(user)).some(({ verb, objectRef, responseStatus }) => {
        return verb === "create" && objectRef?.namespace === "leaving" && responseStatus?.code === 403;
      });
    await eventually(isRefused, "the server refuses the Event");
    const words = () => installed.operator.lines.map((line) => JSON.stringify(line));
    await eventually(() => words().some((line) => /its namespace is being deleted/.test(line)), "the log says why");
    assert.deepEqual(
      installed.problems().filter((line) => blame.test(line)),
      [],
    );
  });

  test("load that is shed, 429 in plain text: told in one line, nobody's rights are blamed, and it passes", async (t) => {
    const installed = await startInstalled(t, server, "manifests/base");
    const { app } = await deployShop(installed);
    await converges(installed, await app.tip());
    const subject = { kind: "ServiceAccount", serviceAccount: { namespace: "gitops-operator", name: "gitops-operator" } };
    const everything = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true };
    const level = { nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: { type: "Reject" } };
    await server.apply(
      {
        apiVersion: `${group}/v1`,
        kind: "PriorityLevelConfiguration",
        metadata: { name: "none" },
        spec: { type: "Limited", limited: level },
      },
      {
        apiVersion: `${group}/v1`,
        kind: "FlowSchema",
        metadata: { name: "none" },
        spec: {
          matchingPrecedence: 2,
          priorityLevelConfiguration: { name: "none" },
          rules: [{ subjects: [subject], resourceRules: [everything] }],
        },
      },
    );
    // A level without seats takes one request all the same, while no other is under way.
    const other = clientOf(t, await readFile(installed.kubeconfigFile, "utf8"));
    let isOver = false;
    const load = Array.from({ length: 20 }, async () => {
      while (!isOver) await other.get(apps, limits);
    });
    const messages: string[] = [];
    const isShed = async () => {
      messages.push(...(await installed.reconcile()).entries.map(({ message }) => message));
      const refused = (await server.audit(user)).filter(({ responseStatus }) => responseStatus?.code === 429);
      return refused.some(({ objectRef }) => objectRef?.resource === "secrets");
    };
    for (let tries = 0; !(await isShed()); tries++) assert.ok(tries < 60, "the server never shed load");
    isOver = true;
    await Promise.all(load);
    await server.kubectl(["delete", "flowschema,prioritylevelconfiguration", "none"]);
    await converges(installed, await app.commit({ "index.html": "2" }));
    for (const message of messages) {
      assert.doesNotMatch(message, blame);
      assert.doesNotMatch(message, /\n/);
    }
  });

  test("versions that the server has forgotten, 410 as an answer and as an event of a watch: listed again, nothing is missed", async (t) => {
    // Without its own memory of them the server asks etcd, which forgets when it is told to.
    await restart(["--watch-cache-sizes=deployments.apps#0"]);
    const real = administrator(t);
    await create(real, ...Array.from({ length: 201 }, (_, index) => `many-${index}`));
    let forgetting: "page" | "watch" | undefined = "page";
    const seen: string[] = [];
    const client: KubeClient = {
      ...real,
      async get(path, options) {
        if (forgetting === "page" && path.includes("continue=")) {
          await create(real, "between-pages");
          await server.compact();
          forgetting = "watch";
        }
        const answer = await real.get(path, options);
        if (answer.status !== 200) seen.push(`answer ${answer.status}`);
        return answer;
      },
      async *watch(path, options) {
        if (forgetting === "watch") {
          // Two: what a watch asks for next must be older than what etcd keeps.
          await create(real, "before-the-watch", "last-before-the-watch");
          await server.compact();
          forgetting = undefined;
        }
        for await (const line of real.watch(path, options)) {
          const { type, object } = JSON.parse(String(line)) as { type: string; object: { code?: number } };
          if (type === "ERROR") seen.push(`event ${object.code}`);
          yield line;
        }
      },
    };
    const { has } = startCache(t, client);
    await eventually(() => has("between-pages") && has("before-the-watch") && has("many-200"), "all are there");
    assert.deepEqual(seen, ["answer 410", "event 410"]);
    await create(real, "afterwards");
    await eventually(() => has("afterwards"), "the watch goes on");
  });

  test("GOAWAY on one request in fifty: 600 requests are answered over several connections, and the watch lives", async (t) => {
    await restart(["--goaway-chance=0.02"]);
    const proxy = await startTcpProxy(t, server.port);
    const client = administrator(t, proxy.port);
    await eventually(async () => (await client.get(apps, limits)).status === 200, "it knows its roles");
    const { has } = startCache(t, client);
    for (let round = 0; round < 60; round++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => client.get(`${apps}?limit=1`, limits)));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    }
    assert.ok(proxy.connections > 3, `${proxy.connections} connections`);
    await create(client, "after-goaway");
    await eventually(() => has("after-goaway"), "the watch lives");
  });
});
