/** S33: answers are shared by all namespaces, but for a failure that comes from the share of the one that asked first. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { askFor, currentAsker } from "../../../src/adapters/egress/asker.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createNameLookups } from "../../../src/adapters/egress/name-lookups.ts";
import { createGithub } from "../../../src/adapters/forge/github.ts";
import { createGit } from "../../../src/adapters/git/git.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import type { SshConnections } from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { createImageGate } from "../../../src/core/images/image-gate.ts";
import type { Repository } from "../../../src/core/types.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { systemClock } from "../../../src/system-clock.ts";
import { createWorkshop } from "../../../src/workshop/workshop.ts";
import { candidateOf } from "../../core/commits.ts";
import { targetOf } from "../../core/targets.ts";
import { skipWithoutSshd } from "../../openssh.ts";
import { known, loopback, openLoopback, path, startSshWorld } from "../ssh/ssh-world.ts";

/** Who asks when the share of `greedy` is used up: its two look-ups are for names that nobody tells anything about. */
function startGreedyNames(t: TestContext) {
  const silent = () => new Promise<never>(() => {});
  const resolve = createNameLookups({
    ask: (host) => (host.endsWith(".silent.test") ? silent() : Promise.resolve([{ address: "127.0.0.1", family: 4 }])),
    deadlineMs: 300,
  });
  const dispatcher = createEgress({ allowCidrs: [], resolve });
  t.after(() => dispatcher.destroy());
  for (const name of ["a", "b"]) void askFor("greedy", () => resolve(`${name}.silent.test`)).catch(() => undefined);
  return { resolve, dispatcher };
}

async function startGit(t: TestContext, connections: SshConnections, dispatcher = createEgress({ allowCidrs: [] })) {
  const workDir = await mkdtemp(join(tmpdir(), "own-share-"));
  const workshop = createWorkshop();
  const identity = { name: "a", email: "a@b" };
  const git = createGit({ connections, dispatcher, workshop, workDir, maxRepositoryBytes: 2 ** 20, identity });
  t.after(async () => {
    await git.close();
    await workshop.close();
    await rm(workDir, { recursive: true, force: true });
  });
  return git;
}

const wordsOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    (said) => JSON.stringify(said),
    (error: Error) => error.message,
  );

const NOT_ASKED = /DNS was not asked for its name in time/;
/** What a namespace that asks by itself is told: the host's name was looked up. */
const ASKED = /has the address 127.0.0.1, which is a loopback address/;

// S33
test("a public repository that a namespace without look-ups left asks for first is asked for by the others themselves", async (t) => {
  const { connections } = await startSshWorld(t, "in-process");
  const git = await startGit(t, connections(), startGreedyNames(t).dispatcher);
  const repository: Repository = { transport: "https", host: "git.example", port: 443, path: "/team/app.git" };
  const pass = performance.now();
  const ask = (namespace: string) =>
    askFor(namespace, () => wordsOf(git.commits({ repository, branch: "main", key: undefined, namespace }, pass)));
  const [greedy, other, another] = await Promise.all(["greedy", "other", "another"].map(ask));
  assert.match(greedy ?? "", NOT_ASKED);
  assert.match(other ?? "", ASKED);
  assert.match(another ?? "", ASKED);
});

// S33
test("an image that a namespace without look-ups left asks for first is asked for by the others themselves", async (t) => {
  const { dispatcher } = startGreedyNames(t);
  const gate = createImageGate({
    registry: createRegistry({ dispatcher, insecureRegistries: ["registry.example"], realms: [] }),
    builds: createGithub({ dispatcher, apiUrl: "http://api.example" }),
    clock: systemClock,
    settings: {
      waitAttempts: 0,
      waitInitialMs: 1,
      waitMaxMs: 1,
      graceMs: 0,
      insecureRegistries: ["registry.example"],
      isCheckBinding: false,
    },
  });
  const notBefore = performance.now();
  const ask = (namespace: string) => {
    const image = { registry: "registry.example", repository: "team/app" };
    const target = targetOf("shop", { namespace, image });
    return askFor(namespace, () =>
      wordsOf(
        gate.check({
          ...{ target, image, isPinned: false, branch: "main", tip: candidateOf("a".repeat(40), "v1"), notBefore, signal: t.signal },
          behind: async () => ({ newer: [], standsAt: undefined }),
          readSecret: () => Promise.reject(new ReconcileError("secret_missing", "there is none")),
          readForgeLogin: () => assert.fail(),
          warn: () => {},
          onBuildToken: () => {},
          onWait: () => {},
          nudged: () => new Promise(() => {}),
        }),
      ),
    );
  };
  const [greedy, other] = await Promise.all(["greedy", "other"].map(ask));
  assert.match(greedy ?? "", NOT_ASKED);
  assert.match(other ?? "", ASKED);
});

// S33
test("a build that a namespace without look-ups left asks for first is asked for by the others themselves", async (t) => {
  const { dispatcher } = startGreedyNames(t);
  const builds = createGithub({ dispatcher, apiUrl: "http://api.example" });
  const { appRepository } = targetOf("shop", { appRepository: { transport: "https", host: "github.com", port: 443, path: "/team/app" } });
  const ask = (namespace: string) => askFor(namespace, () => wordsOf(builds.state(appRepository, "a".repeat(40), "token")));
  // Both are told: of equal names that are asked at once the answer is everybody's.
  for (const said of await Promise.all(["greedy", "other"].map(ask))) assert.match(said, ASKED);
});

// S33
test("a connection that a namespace without look-ups left asks for first is opened by another that has the same key", async (t) => {
  const { resolve } = startGreedyNames(t);
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const knownHosts = host.knownHosts.replace("127.0.0.1", "git.example");
  const ssh = connections({
    knownHosts: () => known(knownHosts),
    addressesOf: openLoopback(resolve),
  });
  const git = await startGit(t, ssh);
  const repository = { ...host.repository(path), host: "git.example" };
  const pass = performance.now();
  const ask = (namespace: string) => askFor(namespace, () => wordsOf(git.commits({ repository, branch: "main", key, namespace }, pass)));
  const [greedy, other] = await Promise.all(["greedy", "other"].map(ask));
  assert.match(greedy ?? "", NOT_ASKED);
  assert.match(other ?? "", /"branch":"main"/);
});

// S33
test("a login that is put off for a namespace is another's that has the same key", { skip: skipWithoutSshd() }, async (t) => {
  const { host, key, connections } = await startSshWorld(t, "OpenSSH");
  const git = await startGit(t, connections());
  const ask = (namespace: string, asked = key) =>
    askFor(namespace, () =>
      wordsOf(git.commits({ repository: host.repository(path), branch: "main", key: asked, namespace }, performance.now())),
    );
  const stranger = parseSshKey(newSshKeyPair().privateKey, { namespace: "greedy", name: "wrong" });
  assert.match(await ask("greedy", stranger), /does not accept/);
  const [greedy, other] = await Promise.all([ask("greedy"), ask("other")]);
  assert.match(greedy ?? "", /has refused another login of this namespace/);
  assert.match(other ?? "", /"branch":"main"/);
});

// S33
test("whatever is asked of a git host is asked for the namespace whose branch it is, whoever calls", async (t) => {
  const { host, key, connections } = await startSshWorld(t, "in-process");
  const askers: (string | undefined)[] = [];
  const addressesOf: typeof loopback = (name) => {
    askers.push(currentAsker());
    return loopback(name);
  };
  const git = await startGit(t, connections({ addressesOf }));
  await git.commits({ repository: host.repository(path), branch: "main", key, namespace: "team" }, performance.now());
  assert.deepEqual(askers, ["team"]);
});
