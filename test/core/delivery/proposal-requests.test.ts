import assert from "node:assert/strict";
import { test } from "node:test";
import { createProposalRequests } from "../../../src/core/delivery/proposal-requests.ts";
import { ReconcileError } from "../../../src/errors.ts";
import { base, head, kinds, startKind, startNamed, token, words } from "../../adapters/forge/proposal-kinds.ts";

// F55
test("a request that is to be merged by itself is so after its branch was written anew for the same tag, without a word of it being changed", async (t) => {
  const row = kinds.find(({ kind }) => kind === "gitlab");
  assert.ok(row);
  const { api, pulls, proposals, place } = await startKind(t, row);
  const requests = createProposalRequests(proposals);
  const asking = { place, login: token, forge: "gitlab", isDefault: false, signal: new AbortController().signal } as const;
  const lines = ["Deployment: default/shop", "Image: team/shop:abc1234", `Commit: ${"a".repeat(40)}`];
  const said = { ...words, description: `What changes.\n\n${lines.map((line) => `Gitops-Operator-${line}`).join("\n")}` };
  const wanted = { ...said, autoMerge: true };
  const is = { isWanted: () => true, isNew: true };
  assert.deepEqual(await requests.ensureOpen(asking, { kind: "none" }, wanted, is), {
    request: { number: 1, url: row.page(api) },
    warning: undefined,
  });
  pulls.setBranches(row.known, { [head]: "4".repeat(40), [base]: "5".repeat(40) });
  const [pull] = pulls.of(row.known);
  assert.ok(pull);
  pull.title = "A person's words";
  assert.equal(pull.autoMerge, false);
  const state = await requests.find(asking, undefined);
  assert.ok(state.kind === "found");
  const before = api.requests.length;
  await requests.ensureOpen(asking, state, wanted, { ...is, isNew: false });
  await requests.ensureOpen(asking, state, said, is);
  assert.equal(api.requests.length, before);
  assert.equal((await requests.ensureOpen(asking, state, wanted, is)).warning, undefined);
  assert.deepEqual([pull.autoMerge, pull.title], [true, "A person's words"]);
});

// P6, P7
test("what is at its end asks its forge nothing more, and says why", async (t) => {
  const { api, proposals, place } = await startNamed(t, "gitlab");
  const requests = createProposalRequests(proposals);
  const end = new AbortController();
  const asking = { place, login: token, forge: "gitlab", isDefault: false, signal: end.signal } as const;
  const is = { isWanted: () => false, isNew: true };
  const { request } = await requests.ensureOpen(asking, { kind: "none" }, words, is);
  const found = await requests.find(asking, undefined);
  assert.ok(found.kind === "found" && found.proposal.number === request.number);
  end.abort(new ReconcileError("shutdown", "the operator is shutting down"));
  const before = api.requests.length;
  const toEdit = { ...found, written: [{ commit: "", appCommit: "1", workload: "default/till", image: "till:1", files: [] }] };
  const toMerge = { ...words, autoMerge: true };
  for (const ask of [
    () => requests.find(asking, undefined),
    () => requests.ensureOpen(asking, { kind: "none" }, words, is),
    () => requests.ensureOpen(asking, toEdit, words, is),
    () => requests.ensureOpen(asking, toEdit, toMerge, { isWanted: () => true, isNew: true }),
  ]) {
    await assert.rejects(async () => ask(), { code: "shutdown" });
  }
  assert.equal(api.requests.length, before);
});
