/** Hostile forges, and hostile words of tenants, at every kind of forge that has pull or merge requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent } from "undici";
import { startGitlab } from "../../../sandbox/forges/gitlab.ts";
import { readTrailers } from "../../../src/core/commits/trailers.ts";
import type { Proposals } from "../../../src/core/proposal-ports.ts";
import { base, head, headSha, kinds, startKind, token, words } from "./proposal-kinds.ts";

const basic = Buffer.from(`:${token}`).toString("base64");
const one = { state: "open", number: 1, url: "https://x.example", description: "", headSha: undefined } as const;
type Place = Parameters<Proposals["find"]>[0];

/** Each of the three questions, and what it came to in one text. */
async function askAll(proposals: Proposals, place: Place, sent = token) {
  const wanted = { ...words, labels: ["deploy"], autoMerge: true };
  const answers = [
    await proposals.find(place, sent),
    await proposals.open(place, wanted, sent),
    await proposals.edit(place, one, wanted, sent),
  ];
  const text = JSON.stringify(answers);
  // Not its beginning either, where a text was cut.
  for (const secret of [token, basic]) assert.ok(!text.includes(secret.slice(0, 10)), `the token is in the answer: ${text}`);
  return { kinds: answers.map(({ kind }) => kind), text };
}

for (const row of kinds) {
  const name = row.kind;

  // S11
  test(`${name}: a refusal that repeats the token is told without it`, async (t) => {
    const { api, proposals, place } = await startKind(t, row);
    for (const status of [400, 401, 403, 404, 405, 409, 422]) {
      const sent = row.kind === "azure" ? basic : token;
      const echo = `${sent} ${"x".repeat(180)} ${sent} ${sent}`;
      const end = api.answer({ status, body: JSON.stringify({ message: echo, error: { message: echo }, errors: [{ message: echo }] }) });
      const { kinds: told, text } = await askAll(proposals, place);
      const last = status === 409 ? "unavailable" : "refused";
      // Where one can be asked for by its branches, there is none.
      const first = status === 404 && row.kind === "gitea" ? "none" : "refused";
      assert.deepEqual(told, [first, "refused", row.kind === "bitbucket-server" && status !== 409 ? "refused" : last], text);
      assert.match(text, new RegExp(`HTTP ${status}`));
      end();
    }
  });

  // S26
  test(`${name}: no redirect gets the token, and what failed may be tried again`, async (t) => {
    const { api, proposals, place } = await startKind(t, row);
    const elsewhere = await startGitlab();
    t.after(() => elsewhere.close());
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [`${elsewhere.url}/steal`, `${api.url}/other`]) {
        const end = api.answer({ status, headers: { location } });
        const before = api.requests.length;
        assert.deepEqual((await askAll(proposals, place)).kinds, ["refused", "refused", "refused"]);
        assert.equal(api.requests.length - before, 3);
        end();
      }
    }
    for (const status of [500, 502, 503]) {
      const end = api.answer({ status });
      assert.deepEqual((await askAll(proposals, place)).kinds, ["unavailable", "unavailable", "unavailable"]);
      end();
    }
    const unhang = api.hang();
    assert.equal((await proposals.find(place, token)).kind, "unavailable");
    unhang();
    api.answer({ status: 429, headers: { "retry-after": "30" } });
    assert.deepEqual((await askAll(proposals, place)).kinds, ["limited", "limited", "limited"]);
    assert.equal(elsewhere.requests.length, 0);
  });

  // S20
  test(`${name}: garbage, prototypes and a mebibyte are no request, and never “there is none”`, async (t) => {
    const { api, proposals, place } = await startKind(t, row);
    const bodies = ["", "null", "{", '"', "7", '{"__proto__":{"values":[],"value":[]}}', "[".repeat(100_000), ...row.garbage];
    for (const body of bodies) {
      const end = api.answer({ status: 200, body });
      const found = await proposals.find(place, token);
      assert.equal(found.kind, "refused", `${body.slice(0, 40)}: ${JSON.stringify(found)}`);
      const opened = await proposals.open(place, words, token);
      assert.equal(opened.kind, "refused", body.slice(0, 40));
      end();
    }
    const endLong = api.answer({ status: 200, body: `[${" ".repeat(2 ** 20)}]` });
    assert.match((await askAll(proposals, place)).text, /more than 1048576 bytes/);
    endLong();
    api.neverEnd();
    assert.notEqual((await proposals.find(place, token)).kind, "none");
  });

  test(`${name}: pages without end are five at most, and what is on none of them is none`, async (t) => {
    const { api, pulls, proposals, place } = await startKind(t, row);
    pulls.setBranches("team/copy", { [head]: headSha });
    for (let index = 0; index < 600; index++) {
      pulls.make(row.known, { title: "Not ours", head, base: index % 2 ? base : "other", fork: "team/copy", description: "x".repeat(500) });
    }
    assert.deepEqual(await proposals.find(place, token), { kind: "none" });
    assert.ok(api.requests.length <= 6, `${api.requests.length} requests`);
  });

  // S19
  test(`${name}: what is no repository of it, no branch and no token is asked for at nobody`, async (t) => {
    const { api, proposals, place, proposalsOf } = await startKind(t, row);
    for (const text of row.noRepository) {
      const other = proposalsOf(text);
      const { kinds: told, text: answer } = await askAll(other.proposals, other.place);
      assert.deepEqual(told, ["refused", "refused", "refused"], text);
      assert.match(answer, /gitops\.operator\.manifest_repository is no /);
    }
    for (const bad of ["..", "a/../../b", "./a", "a//b", ""]) {
      assert.deepEqual((await askAll(proposals, { ...place, head: bad })).kinds, ["refused", "refused", "refused"]);
      assert.deepEqual((await askAll(proposals, { ...place, base: bad })).kinds, ["refused", "refused", "refused"]);
    }
    for (const bad of ["", " \n", "a\r\nX-Evil: 1"]) {
      assert.deepEqual((await askAll(proposals, place, bad)).kinds, ["refused", "refused", "refused"]);
    }
    assert.equal(api.requests.length, 0);
  });

  // S19
  test(`${name}: branches are asked for by their very names, whatever is in them`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    const odd = [
      "gitops-operator/a#b",
      "gitops-operator/a?b=c",
      'gitops-operator/a" OR id > 0',
      "gitops-operator/a%2Fb&state=open",
      "gitops-operator/ä+b",
    ];
    pulls.setBranches(row.known, Object.fromEntries([...odd, "re#l/1"].map((branch, index) => [branch, `${index}`.repeat(40)])));
    for (const branch of odd) {
      const at = { ...place, head: branch, base: "re#l/1" };
      assert.deepEqual(await proposals.find(at, token), { kind: "none" }, branch);
      const opened = await proposals.open(at, words, token);
      assert.ok(opened.kind === "found", JSON.stringify(opened));
      const found = await proposals.find(at, token);
      assert.ok(found.kind === "found" && found.proposal.number === opened.proposal.number, branch);
    }
    assert.deepEqual(
      pulls.of(row.known).map((pull) => pull.head),
      odd.toReversed(),
    );
  });

  test(`${name}: a page elsewhere is not shown to people, nor one with a user, a query or another path; ours is`, async (t) => {
    const { api, proposals, place } = await startKind(t, row);
    const own = row.page(api);
    const { pathname, host } = new URL(own);
    const evil = [
      `https://evil.example${pathname}`,
      `https://${host}@evil.example${pathname}`,
      `https://user:${token}@${host}${pathname}`,
      `https://evil.example%2f@${host}${pathname}`,
      `${own}?next=https://evil.example`,
      `${own}#@everyone`,
      `https://${host}/login`,
      `javascript:alert(1)//${host}${pathname}`,
      `ftp://${host}${pathname}`,
      `https://${host}/${"x".repeat(3_000)}${pathname}`,
      "https://[",
    ];
    await proposals.open(place, words, token);
    for (const url of evil) {
      const end = api.rewrite((text) => text.replaceAll(/"(html_url|web_url|href)":"[^"]*"/g, `"$1":${JSON.stringify(url)}`));
      const found = await proposals.find(place, token);
      assert.ok(found.kind === "found");
      assert.ok([own, `${new URL(api.url).origin}${pathname}`].includes(found.proposal.url), `${url}: ${found.proposal.url}`);
      end();
    }
  });

  // S20
  test(`${name}: of a tenant's 50 files with long names a request says as many as fit, and whole what it proposes`, async (t) => {
    const { pulls, proposals, place } = await startKind(t, row);
    const ours = ["Deployment: default/shop", "Image: team/shop:abc1234", `Commit: ${"a".repeat(40)}`];
    const files = Array.from({ length: 50 }, (_, index) => `File: ${"%C3%A4".repeat(500)}/${index}.yaml`);
    const description = `What changes.\n\n${[...ours, ...files].map((line) => `Gitops-Operator-${line}`).join("\n")}`;
    const opened = await proposals.open(place, { ...words, description }, token);
    assert.ok(opened.kind === "found", JSON.stringify(opened));
    const { number } = opened.proposal;
    assert.deepEqual(await proposals.edit(place, opened.proposal, { ...words, description }, token), { kind: "edited" });
    const said = pulls.find(row.known, number)?.description ?? "";
    assert.ok(said.length <= 30_000, `${said.length} characters`);
    const [written, ...others] = readTrailers("", `${said}\n`);
    assert.deepEqual([written?.workload, written?.image, written?.appCommit], ["default/shop", "team/shop:abc1234", "a".repeat(40)]);
    assert.equal(others.length, 0);
    assert.ok(written?.files.length, "a file is named");
    for (const file of written.files) assert.ok(files.includes(`File: ${file}`), `${file} is whole`);
  });
}

// S17, S33
test("a forge that answers each question just in time is not asked on for as many as one request needs: a request has a time as a whole", async (t) => {
  const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
    setTimeout(() => dispatch(options, handler), 250);
    return true;
  });
  t.after(() => dispatcher.destroy());
  const row = kinds.find(({ kind }) => kind === "azure");
  assert.ok(row);
  const { api, proposals, place } = await startKind(t, row, { dispatcher, deadlineMs: 400 });
  const labels = Array.from({ length: 20 }, (_, index) => `label-${index}`);
  const opened = await proposals.open(place, { ...words, labels }, token);
  assert.ok(opened.kind === "found", JSON.stringify(opened));
  assert.match(opened.warning ?? "", /^its labels are missing: .*did not answer in time/);
  assert.ok(api.requests.length < 10, `${api.requests.length} questions`);
});
