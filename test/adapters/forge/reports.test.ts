/** Our own marks on a commit, at every kind of forge: written, found again, refused and limited. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Agent } from "undici";
import { startCiApi } from "../../../sandbox/ci-api.ts";
import type { ForgeApi } from "../../../sandbox/forge-api.ts";
import { startAzureDevops } from "../../../sandbox/forges/azure-devops.ts";
import { startBitbucketCloud } from "../../../sandbox/forges/bitbucket-cloud.ts";
import { anyRepository, startBitbucketServer } from "../../../sandbox/forges/bitbucket-server.ts";
import { startGitea } from "../../../sandbox/forges/gitea.ts";
import { startGitlab } from "../../../sandbox/forges/gitlab.ts";
import { createForges } from "../../../src/adapters/forge/forges.ts";
import { parseForges } from "../../../src/core/forges.ts";
import type { Report, ReportForm, ReportPlace } from "../../../src/core/ports.ts";
import { parseRepository } from "../../../src/core/repository.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";
const token = "canary0123456789canary0123456789";
const context = "gitops-operator/prod/default/shop";

const waiting: Report = { state: "pending", deployment: "pending", text: "waiting for the image team/shop:abc1234" };
const pushed: Report = { state: "pending", deployment: "in_progress", text: "in manifests as 1a2b3c4, waiting for the rollout" };
const runs: Report = { state: "success", deployment: "success", text: "runs in prod: 3 of 3 ready, 42 s after the push" };
const failed: Report = { state: "failure", deployment: "failure", text: "not deployed: the build failed" };
const broken: Report = { state: "error", deployment: "error", text: "registry.example is down (HTTP 503)" };
const left: Report = { state: "success", deployment: "inactive", text: "not deployed here: superseded by def5678" };
const all = [waiting, pushed, runs, failed, broken, left];

interface Kind {
  readonly kind: string;
  readonly form: ReportForm;
  readonly repository: string;
  readonly start: () => Promise<ForgeApi>;
  readonly begin: (api: never) => void;
  /** The state of each of `all`, in the forge's words; undefined: it makes nothing of it. */
  readonly words: readonly (string | undefined)[];
  readonly wordIn: (body: Readonly<Record<string, unknown>>) => unknown;
}

interface Builds extends ForgeApi {
  setBuilds(repository: string, sha: string, builds: readonly []): void;
}

const state = (body: Readonly<Record<string, unknown>>) => body.state;
const gitHub = {
  ...{ kind: "github", repository: "git@github.example:team/shop", start: () => startCiApi({ token }), wordIn: state },
  begin: (api: Awaited<ReturnType<typeof startCiApi>>) => api.setRuns("team/shop", sha, []),
};
const at = (known: string) => (api: Builds) => api.setBuilds(known, sha, []);
const bitbucket = ["INPROGRESS", "INPROGRESS", "SUCCESSFUL", "FAILED", "FAILED", "SUCCESSFUL"];

const kinds = [
  { ...gitHub, form: "status", words: ["pending", "pending", "success", "failure", "error", "success"] },
  { ...gitHub, form: "deployment", words: ["pending", "in_progress", "success", "failure", "error", "inactive"] },
  {
    ...{ kind: "gitlab", form: "deployment", repository: "git@gitlab.example:group/team/shop", start: () => startGitlab({ token }) },
    ...{
      begin: at("group/team/shop"),
      wordIn: (body) => body.status,
      words: [undefined, "running", "success", "failed", undefined, "canceled"],
    },
  },
  {
    ...{ kind: "gitea", form: "status", repository: "git@gitea.example:team/shop", start: () => startGitea({ token }) },
    ...{ begin: at("team/shop"), wordIn: state, words: ["pending", "pending", "success", "failure", "error", "success"] },
  },
  {
    ...{ kind: "bitbucket", form: "status", repository: "git@bitbucket.example:team/shop", start: () => startBitbucketCloud({ token }) },
    ...{ begin: at("team/shop"), wordIn: state, words: bitbucket },
  },
  {
    ...{ kind: "bitbucket-server", form: "status", repository: "ssh://git@bbs.example:7999/team/shop" },
    ...{ start: () => startBitbucketServer({ token }), begin: at(anyRepository), wordIn: state, words: bitbucket },
  },
  {
    ...{ kind: "azure", form: "status", repository: "git@azure.example:v3/org/team/shop", start: () => startAzureDevops({ token }) },
    ...{ begin: at("org/team/shop"), wordIn: state, words: ["pending", "pending", "succeeded", "failed", "error", "succeeded"] },
  },
] as const satisfies readonly Kind[] as readonly Kind[];

async function startKind(t: TestContext, kind: Kind) {
  const api = await kind.start();
  const dispatcher = new Agent();
  t.after(() => Promise.all([api.close(), dispatcher.destroy()]));
  kind.begin(api as never);
  const repository = parseRepository(kind.repository);
  assert.ok(repository.kind === "ok");
  const root = api.url.replace(/\/(api\/v\d|2\.0|rest)$/, "");
  const parsed = parseForges(`${repository.repository.host}=${kind.kind}@${root}`);
  assert.ok(parsed.kind === "ok");
  // The double has GitHub's API below its root, as api.github.com does.
  const forges = parsed.forges.map((forge) => ({ ...forge, apiUrl: api.url }));
  const { reports, builds } = createForges(forges, { dispatcher, deadlineMs: 2_000 });
  const place: ReportPlace = {
    ...{ form: kind.form, repository: repository.repository, sha, context, environment: "prod", environmentUrl: undefined, url: undefined },
    ref: { name: "main", isTag: false },
  };
  return { api, reports, builds, place };
}

for (const kind of kinds) {
  const name = `${kind.kind}, ${kind.form}`;

  test(`${name}: what is written is found again, in the forge's words and ours, and is nothing that another wrote`, async (t) => {
    const { api, reports, place } = await startKind(t, kind);
    assert.deepEqual(await reports.last(place, token), { kind: "known", posted: undefined });
    const said: unknown[] = [];
    for (const report of all) {
      const before = api.posts.length;
      assert.deepEqual(await reports.post(place, report, `${token}\n`), { kind: "posted" });
      const written = api.posts.slice(before).at(-1);
      said.push(written && kind.wordIn(written.body));
      const last = await reports.last(place, token);
      assert.ok(last.kind === "known");
      if (!written) continue;
      // Some forges have one word for both.
      const states = report.state === "error" ? ["error", "failure"] : [report.state];
      assert.ok(last.posted && states.includes(last.posted.state), JSON.stringify([report, last]));
      if (kind.kind !== "gitlab") assert.equal(last.posted.text, report.text);
    }
    assert.deepEqual(said, kind.words);
    const another = { ...place, context: "gitops-operator/prod/default/other", environment: "other" };
    assert.deepEqual(await reports.last(another, token), { kind: "known", posted: undefined });
  });

  // S29
  test(`${name}: no mark of ours is a build, whatever it says`, async (t) => {
    const { reports, builds, place } = await startKind(t, kind);
    for (const report of all) {
      assert.deepEqual(await reports.post(place, report, token), { kind: "posted" });
      assert.deepEqual(await builds.state(place.repository, sha, token), { kind: "none" });
    }
  });

  // S26
  test(`${name}: what is refused is told from what another try may bring, without the token; no redirect gets it`, async (t) => {
    const { api, reports, place } = await startKind(t, kind);
    const elsewhere = await startGitlab();
    t.after(() => elsewhere.close());
    const ask = () => Promise.all([reports.last(place, token), reports.post(place, pushed, token)]);
    const expect = async (expected: string, told: RegExp) => {
      for (const answer of await ask()) {
        assert.equal(answer.kind, expected, JSON.stringify(answer));
        assert.ok("reason" in answer);
        assert.match(answer.reason, told);
        assert.ok(!answer.reason.includes(token));
      }
    };
    for (const status of [301, 307, 400, 401, 403, 404, 409, 422]) {
      const end = api.answer({ status, headers: { location: `${elsewhere.url}/steal` }, body: '{"message":"no"}' });
      await expect("refused", new RegExp(`HTTP ${status}`));
      end();
    }
    for (const status of [500, 502, 503]) {
      const end = api.answer({ status });
      await expect("unavailable", new RegExp(`HTTP ${status}`));
      end();
    }
    const hang = api.hang();
    await expect("unavailable", /did not answer in time/);
    hang();
    for (const bad of ["", "a\r\nX-Evil: 1"]) {
      const before = api.requests.length;
      assert.equal((await reports.post(place, pushed, bad)).kind, "refused");
      assert.equal(api.requests.length, before);
    }
    const other = { ...place, repository: { ...place.repository, host: "unknown.example" } };
    assert.equal((await reports.post(other, pushed, token)).kind, "refused");
    assert.equal(api.posts.length + elsewhere.requests.length, 0);
    api.answer({ status: 429, headers: { "retry-after": "30" } });
    await expect("limited", /rate limit for this token/);
    assert.equal((await reports.post(place, pushed, token)).kind, "limited");
  });
}

test("a key of Bitbucket Cloud has 40 characters at most: a long context is known by its hash, and people see its whole name", async (t) => {
  const kind = kinds.find(({ kind }) => kind === "bitbucket");
  assert.ok(kind);
  const { api, reports, builds, place } = await startKind(t, kind);
  const long = { ...place, context: `gitops-operator/prod/${"n".repeat(63)}/shop` };
  const longer = { ...place, context: `gitops-operator/prod/${"n".repeat(63)}/shops` };
  await reports.post(long, runs, token);
  assert.equal(api.posts[0]?.body.name, long.context);
  assert.match(String(api.posts[0]?.body.key), /^gitops-operator\/[0-9a-f]{24}$/);
  assert.deepEqual(await reports.last(long, token), { kind: "known", posted: { state: "success", text: runs.text } });
  assert.deepEqual(await reports.last(longer, token), { kind: "known", posted: undefined });
  assert.deepEqual(await builds.state(place.repository, sha, token), { kind: "none" });
});

test("GitHub: two Deployments of a repository have a deployment each in one environment, and the one that GitHub makes inactive is right as it is", async (t) => {
  const kind = kinds.find(({ kind, form }) => kind === "github" && form === "deployment");
  assert.ok(kind);
  const { api, reports, place } = await startKind(t, kind);
  const other = { ...place, context: "gitops-operator/prod/default/worker", environmentUrl: "https://shop.example.com" };
  await reports.post(place, runs, token);
  await reports.post(place, { ...runs, text: "runs in prod: 1 of 1 ready" }, token);
  await reports.post(other, runs, token);
  assert.deepEqual(await reports.last(place, token), { kind: "known", posted: { state: "success", text: undefined } });
  const made = api.posts.filter(({ path }) => path.endsWith("/deployments"));
  assert.deepEqual(
    made.map(({ body }) => [body.ref, body.environment, body.task, body.auto_merge, body.required_contexts]),
    [context, other.context].map((one) => [sha, "prod", `deploy:${one}`, false, []]),
  );
  assert.equal(api.posts.at(-1)?.body.environment_url, "https://shop.example.com");
});

test("GitLab: a deployment that has ended is not changed but made again, and one that would say the same is left", async (t) => {
  const kind = kinds.find(({ kind }) => kind === "gitlab");
  assert.ok(kind);
  const { api, reports, place } = await startKind(t, kind);
  for (const report of [pushed, pushed, failed, failed, runs]) await reports.post(place, report, token);
  assert.deepEqual(
    api.posts.map(({ method, body }) => `${method} ${body.status}`),
    ["POST running", "PUT failed", "POST success"],
  );
  await reports.post({ ...place, sha: "f".repeat(40) }, left, token);
  const last = await reports.last({ ...place, sha: "f".repeat(40) }, token);
  assert.deepEqual(last, { kind: "known", posted: { state: "success", text: "not deployed here" } }, "it is no deployment that went well");
  assert.deepEqual([api.posts[0]?.body.ref, api.posts[0]?.body.tag], ["main", false]);
});
