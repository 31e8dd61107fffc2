import assert from "node:assert/strict";
import { test } from "node:test";
import { wantedCommit } from "../../../src/core/commits/wanted-commit.ts";

const candidate = (sha: string, isOwn: boolean) => ({
  commit: { sha, parents: [], author: { name: "A", email: "a@example.org" }, time: 0, message: "m" },
  isOwn,
});

test("the newest candidate that is not the operator's own commit is wanted, else an older one has to be asked for", () => {
  const wanted = (...owns: boolean[]) => wantedCommit(owns.map((isOwn, at) => candidate(`${at}`, isOwn)))?.sha;
  assert.equal(wanted(false), "0");
  assert.equal(wanted(false, false), "0");
  assert.equal(wanted(true, true, false, false), "2");
  assert.equal(wanted(true), undefined);
  assert.equal(wanted(), undefined);
});
