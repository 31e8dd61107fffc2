/** Attacks by the owner of a namespace by way of its objects in the cluster, against an operator that has the Pod's memory: the neighbour is served, and `/health` answers (S16, S17, S32). */
import { test } from "node:test";
import { newSshKeyPair } from "../../sandbox/ssh-key-pair.ts";
import { manifestOf } from "../../sandbox/world.ts";
import { eventually } from "../eventually.ts";
import { startSilentHost } from "../silent-host.ts";
import { deployEvil, evilManifests } from "./evil-deployments.ts";
import { hugeRsaKey } from "./hostile-objects.ts";
import { ask, endure, skipWithoutProgram, startNeighbourhood } from "./neighbour.ts";

const skip = skipWithoutProgram;

// S32
test("Secrets of slashes, of zeros and of lines that are alike", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const { world } = there;
  const { host } = world.registry;
  const image = `${host}/team/evil`;
  await world.repository("evil/manifests.git", { "evil.yaml": manifestOf("evil", `${image}:old`, "evil") });
  const docker = (auths: object) => ({ ".dockerconfigjson": JSON.stringify({ auths }) });
  world.secret("evil", "slashes", docker({ [`${host}${"/".repeat(60_000)}x`]: { auth: "YTpi" } }));
  world.secret("evil", "zeros", docker({ [host]: { auth: Buffer.from(`u:${"\0".repeat(45_000)}x`).toString("base64") } }));
  const alike = Array.from({ length: 500 }, (_, i) => `${"A".repeat(110)}${String(i).padStart(3, "0")}`);
  world.secret("evil", "alike", { ...docker({ [host]: { username: "u", password: alike.join("\n") } }), "webhook-url": alike.join("\n") });
  await endure(t, there, {
    begin: () =>
      deployEvil(there, 12, (i) => ({
        ...{ image_name: image, registry_secret_name: ["slashes", "zeros", "alike"][i % 3] ?? "", registry_secret_namespace: "evil" },
        ...{ notifications_secret_name: "alike", notifications_secret_namespace: "evil" },
      })),
  });
});

// P10, S17
test("200 Deployments of 1.4 MB without an annotation of ours, on one page of the API server's", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const value = "x".repeat(1_400_000);
  const containers = [{ name: "a", image: "b", env: [{ name: "X", value }] }];
  await endure(t, there, {
    begin() {
      for (let i = 0; i < 200; i++) {
        there.world.cluster.put({
          kind: "Deployment",
          metadata: { namespace: "evil", name: `big-${i}` },
          spec: { replicas: 1, selector: {}, template: { metadata: {}, spec: { containers } } },
        });
      }
    },
  });
});

// P9, S17
test("ten Deployments that JSON makes nine megabytes of each: they are named, and followed by others", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  let length = 1_450_000;
  await endure(t, there, {
    begin() {
      for (let i = 0; i < 10; i++) {
        const containers = [{ name: "a", image: "b", env: [{ name: "X", value: "<".repeat(length++) }] }];
        there.world.cluster.put({
          kind: "Deployment",
          metadata: { namespace: "evil", name: `too-large-${i}`, annotations: { "gitops.operator.enabled": "true" } },
          spec: { replicas: 1, selector: {}, template: { metadata: {}, spec: { containers } } },
        });
      }
    },
    async turn(operator) {
      const isTold = async () => /^ {2}evil\/too-large-9\n {4}is larger than 8 MiB/m.test(await ask(operator, "/status"));
      await eventually(isTold, "it is never named");
    },
  });
});

// S17
test("2,000 Deployments with 240 KB of annotations of ours that nobody knows", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const unknown = Object.fromEntries(Array.from({ length: 115 }, (_, i) => [`x${i}`, "y".repeat(2_090)]));
  await endure(t, there, { begin: () => deployEvil(there, 2_000, () => unknown) });
});

// S32
test("RSA keys of 65,536 bits", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  for (let i = 0; i < 4; i++) there.world.secret("evil", `key-${i}`, { "ssh-privatekey": hugeRsaKey(65_536) });
  await endure(t, there, { begin: () => deployEvil(there, 8, (i) => ({ ssh_key_name: `key-${i % 4}` })) });
});

// S16
test("2,000 Deployments with annotations as long as they may be, and callers of every page", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const { world } = there;
  const long = "https://user:password@host/?a=b ".repeat(70).slice(0, 2_000);
  const names = ["app_repository", "manifest_repository", "deployment_path", "image_name", "observe_branch", "manifest_branch"];
  const others = ["registry_secret_url", "registry_secret_name", "notifications_secret_name", "github_token_secret_name"];
  const annotations = Object.fromEntries([...names, ...others].map((name) => [name, long]));
  // A run that waits holds its Secret: what is shown is searched for each of its lines.
  const silent = await startSilentHost(t, world.env);
  const alike = Array.from({ length: 500 }, (_, i) => `https://user:password@host/?a=b ${String(i).padStart(3, "0")}`).join("\n");
  world.secret("evil", "alike", { "ssh-privatekey": `${newSshKeyPair().privateKey}${alike}` });
  await endure(t, there, {
    begin() {
      deployEvil(there, 2_000, () => annotations);
      const waits = { app_repository: `ssh://git@127.0.0.1:${silent.port}/app.git`, ssh_key_name: "alike" };
      deployEvil(there, 1, () => waits, "waits");
    },
    async turn(operator) {
      void ask(operator, "/reconcile?namespace=evil");
      await Promise.all(["/debug", "/status", "/metrics"].map((path) => ask(operator, path)));
      await ask(operator, "/status", { accept: "text/html" });
    },
    turns: 4,
  });
});
