import assert from "node:assert/strict";
import { test } from "node:test";
import { createProposalRequests } from "../../../src/core/delivery/proposal-requests.ts";
import { base, head, kinds, startKind, token, words } from "../../adapters/forge/proposal-kinds.ts";

// F55
test("a request that is to be merged by itself is so after its branch was written anew for the same tag, without a word of it being changed", async (t) => {
  const row = kinds.find(({ kind }) => kind === "gitlab");
  assert.ok(row);
  const { api, pulls, proposals, place } = await startKind(t, row);
  const requests = createProposalRequests(proposals);
  const asking = { place, login: token, forge: "gitlab", isDefault: false } as const;
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
