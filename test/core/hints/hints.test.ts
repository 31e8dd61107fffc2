import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { type Listener, matchHint } from "../../../src/core/hints/match-hint.ts";
import { readHint } from "../../../src/core/hints/read-hint.ts";
import { parseRepository } from "../../../src/core/repository.ts";
import { parseTagFormat } from "../../../src/core/tag-format.ts";
import type { Target } from "../../../src/core/types.ts";
import { targetOf } from "../targets.ts";
import { appRepositories, builds, images, pushes } from "./sender-events.ts";

interface Example {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}
const octokit = createRequire(import.meta.url)("@octokit/webhooks-examples") as readonly Example[];

function repository(text: string) {
  const parsed = parseRepository(text);
  assert.ok(parsed.kind === "ok", text);
  return parsed.repository;
}

const listenerOf = (more: Partial<Target>, observed: string | undefined = "main"): Listener => ({
  target: targetOf("shop", more),
  observed,
});
const ofRepository = (text: string, observed?: string) => listenerOf({ appRepository: repository(text) }, observed);
/** Why nothing is started; else how many are. */
function said(event: unknown, ...listeners: Listener[]): string | number {
  const match = matchHint(readHint(event), listeners);
  return match.kind === "nothing" ? match.why : match.listeners.length;
}
const withMessage = (event: unknown, message: string) => JSON.parse(JSON.stringify(event).replace(/Faster checkout(?:\\n)?/g, message));
const OWN = "chore(refs): gitops-operator updating image tags";

for (const [name, event] of Object.entries(pushes)) {
  test(`${name}: of the repository that the Deployment names, whatever the transport, and of its branch alone`, () => {
    const address = appRepositories[name] ?? "";
    assert.equal(readHint(event).kind, "push");
    assert.equal(said(event, ofRepository(address)), 1);
    assert.equal(said(event, ofRepository(address, "other")), "branch 'main' is not observed");
    assert.match(String(said(event, ofRepository("git@github.com:team/another.git"))), /^no Deployment that names this Secret uses \S+/);
    assert.equal(
      said(withMessage(event, `${OWN}\\n\\nDeployment default/shop`), ofRepository(address)),
      "the newest commit is the operator's own",
    );
    const tag = JSON.parse(
      JSON.stringify(event).replaceAll("refs/heads/main", "refs/tags/v1.2.3").replace('"branch","name":"main"', '"tag","name":"v1.2.3"'),
    );
    assert.equal(said(tag, ofRepository(address)), "tag 'v1.2.3' is not observed");
    const released = listenerOf({ appRepository: repository(address), releaseTags: "v*" });
    assert.equal(said(tag, released), 1);
    assert.equal(said(event, released), "branch 'main' is not observed");
  });
}

for (const [name, event] of Object.entries(images)) {
  test(`${name}: the image that was pushed, whatever host it has, and only a tag that may be a commit's`, () => {
    assert.equal(readHint(event).kind, "image");
    assert.equal(said(event, listenerOf({})), 1);
    assert.equal(said(event, listenerOf({ image: { registry: "registry.example", repository: "team/shop" } })), 1);
    assert.match(
      String(said(event, listenerOf({ image: { repository: "team/shop-sidecar" } }))),
      /^no Deployment that names this Secret uses \S*team\/shop$/i,
    );
    const latest = JSON.parse(JSON.stringify(event).replaceAll(/4f2a1c9d[0-9a-f]{32}/g, "latest"));
    assert.equal(said(latest, listenerOf({})), "tag 'latest' is no commit");
  });
}

for (const [name, event] of Object.entries(builds)) {
  test(`${name}: a build that has ended concerns its repository at any branch; one that goes on, or a status of our own, nothing`, () => {
    const listener = ofRepository(
      name.startsWith("GitLab") ? "git@gitlab.example:team/shop.git" : "git@bitbucket.org:team/shop.git",
      "any",
    );
    assert.equal(readHint(event).kind, "build");
    assert.equal(said(event, listener), 1);
    const running = JSON.parse(JSON.stringify(event).replace("success", "running").replace("FAILED", "INPROGRESS"));
    assert.equal(said(running, listener), "the build has not ended");
  });
}

const gitHubEvents = (name: string) => octokit.find((example) => example.name === name)?.examples ?? assert.fail(name);
test("GitHub's own examples: pushes, and builds that have ended, concern the repository that they name", () => {
  for (const [name, kind] of [
    ["push", "push"],
    ["workflow_run", "build"],
    ["check_suite", "build"],
    ["status", "build"],
  ] as const) {
    for (const event of gitHubEvents(name)) {
      const hint = readHint(event);
      assert.equal(hint.kind, kind, name);
      const { clone_url } = event.repository as { clone_url: string };
      const isUnfinished = kind === "build" && (event.state === "pending" || ("action" in event && event.action !== "completed"));
      const of = ofRepository(clone_url, undefined);
      const match = matchHint(hint, [{ ...of, observed: undefined }]);
      if (isUnfinished) assert.deepEqual(match, { kind: "nothing", why: "the build has not ended" });
      else if (!String(event.ref ?? "").startsWith("refs/tags/")) assert.equal(match.kind, "concerns", JSON.stringify(match));
    }
  }
  const ping = gitHubEvents("ping").find((event) => "repository" in event);
  assert.ok(ping);
  const { clone_url } = ping.repository as { clone_url: string };
  assert.equal(said(ping, ofRepository(clone_url)), 1, "people see that the hook works");
});

test("of all of GitHub's events none is misread: those that tell of nothing are no hint, and none throws", () => {
  const hints = octokit.flatMap(({ name, examples }) => examples.map((event) => [name, readHint(event)] as const));
  const telling = new Set(hints.filter(([, { about }]) => about !== "nothing").map(([name]) => name));
  assert.ok(octokit.length > 40 && hints.length > 150);
  const allowed = ["push", "workflow_run", "check_suite", "status", "ping", "package", "registry_package"];
  assert.deepEqual(
    [...telling].filter((name) => !allowed.includes(name)),
    [],
  );
});

// S29
test("statuses of our own, packages that are no images, digests without a tag, deletions: nothing", () => {
  const repository = { ssh_url: "git@github.com:team/shop.git" };
  const shop = ofRepository("git@github.com:team/shop.git");
  assert.equal(
    said({ sha: "a", state: "success", context: "gitops-operator/default/shop", repository }, shop),
    "the status is the operator's own",
  );
  assert.equal(said({ sha: "a", state: "success", context: "ci", repository }, shop), 1);
  const npm = { action: "created", package: { type: "npm", name: "shop", version: "1", owner: { login: "team" } } };
  assert.equal(said(npm, shop), "the package is no image");
  assert.equal(said({ events: [{ action: "push", target: { repository: "team/shop" } }] }, shop), "no tag was pushed");
  const gone = { push: { changes: [{ new: null }] }, repository: { links: { html: { href: "https://bitbucket.org/team/shop" } } } };
  assert.equal(said(gone, shop), "a branch or tag was deleted");
  assert.equal(said({ ref: "refs/heads/main", after: "0".repeat(40), repository }, shop), "a branch or tag was deleted");
  assert.equal(said({ ref: "refs/heads/main", after: "1", repository: { ssh_url: "nonsense" } }, shop), "the event names no repository");
});

test("a push to a manifests repository starts nothing, unless it is the application's too", () => {
  const event = { ref: "refs/heads/main", after: "1", repository: { ssh_url: "git@git.example:team/manifests.git" } };
  assert.match(String(said(event, listenerOf({}))), /^git\.example\/team\/manifests holds manifests/);
  assert.equal(said(event, ofRepository("git@git.example:team/manifests.git")), 1);
});

test("a script's own events: a repository, an image, or nothing at all for all", () => {
  const shop = ofRepository("git@github.com:team/shop.git");
  const other = listenerOf({ image: { repository: "team/other" } });
  assert.equal(said({ repository: "https://github.com/team/shop" }, shop, other), 1);
  assert.equal(said({ repository: "git@github.com:team/shop.git", ref: "feature" }, shop), "branch 'feature' is not observed");
  assert.equal(said({ image: "registry.example/team/other" }, shop, other), 1);
  assert.equal(said(undefined, shop, other), 2);
  assert.equal(said({}, shop, other), 2);
  assert.equal(said(undefined), "no Deployment that is worked on names this Secret");
});

test("one repository by all its addresses: aliases, ports, letter case, .git, Azure's and Bitbucket's forms", () => {
  const groups = [
    [
      "git@github.com:team/app.git",
      "ssh://git@ssh.github.com:443/Team/App",
      "https://github.com/team/app",
      "http://github.com/team/app.git",
    ],
    [
      ...[
        "git@ssh.dev.azure.com:v3/org/proj/app",
        "https://dev.azure.com/org/proj/_git/app",
        "https://org@dev.azure.com/org/proj/_git/app",
      ],
      ...["https://org.visualstudio.com/proj/_git/app", "https://org.visualstudio.com/DefaultCollection/proj/_git/app"],
      "org@vs-ssh.visualstudio.com:v3/org/proj/app",
    ],
    ["https://dev.azure.com/org/_git/app", "git@ssh.dev.azure.com:v3/org/app/app"],
    ["ssh://git@git.example:7999/team/app.git", "https://git.example/scm/team/app.git"],
  ];
  for (const group of groups) {
    for (const address of group)
      for (const own of group.filter((one) => !/^http:|\/\/org@/.test(one)))
        assert.equal(said({ repository: address }, ofRepository(own)), 1, `${address} ${own}`);
  }
  const others = ["git@github.com:team/app2.git", "git@gitlab.com:team/app.git", "git@github.com:other/team/app.git"];
  for (const other of others)
    assert.equal(typeof said({ repository: "https://github.com/team/app" }, ofRepository(other)), "string", other);
});

test("whether a tag may be of a format is told for each of its parts", () => {
  const cases: [format: string, tag: string, isPossible: boolean][] = [
    ["{{sha7}}", "4f2a1c9", true],
    ["{{sha7}}", "4f2a1c9d", false],
    ["{{sha7}}", "4f2a1cg", false],
    ["{{sha7}}", "latest", false],
    ["main-{{sha7}}", "main-4f2a1c9", true],
    ["main-{{sha7}}", "dev-4f2a1c9", false],
    ["{{branch}}-{{sha7}}", "feature-x-4f2a1c9", true],
    ["{{branch}}-{{sha7}}", "feature-x-latest", false],
    ["{{sha7}}-{{branch}}", "4f2a1c9-main", true],
    ["{{tag}}", "v1.2.3", true],
    ["{{branch}}-x-{{sha7}}-{{branch}}", "a-x-b-x-4f2a1c9-c", true],
    ["{{branch}}-{{sha7}}-end", "main-4f2a1c9-end", true],
    ["{{branch}}-{{sha7}}-end", "main-4f2a1c9", false],
    ["{{sha7}}{{branch}}{{sha7}}", "4f2a1c9", false],
  ];
  for (const [text, tag, isPossible] of cases) {
    const parsed = parseTagFormat(text);
    assert.ok(parsed.kind === "ok", text);
    const { format: tagFormat } = parsed;
    assert.equal(
      said({ image: `team/shop:${tag}` }, listenerOf({ tagFormat })),
      isPossible ? 1 : `tag '${tag}' is no commit`,
      `${text} ${tag}`,
    );
  }
});
