import assert from "node:assert/strict";
import { test } from "node:test";
import { isShut } from "../../../src/core/history/is-shut.ts";
import { type ErrorCode, ReconcileError } from "../../../src/errors.ts";

// S33
test("a history is not shown any more once its Secret does not open the repository, whatever kind it holds; what passes hides nothing", () => {
  const isShutBy = (code: ErrorCode) => isShut({ kind: "failed", error: new ReconcileError(code, "why") });
  const shut = ["git_denied", "repository_denied", "secret_missing", "ssh_key_invalid", "credential_invalid"] as const;
  assert.deepEqual(
    shut.map(isShutBy),
    shut.map(() => true),
  );
  const passing = ["git_unreachable", "secret_unreadable", "registry_unavailable"] as const;
  assert.deepEqual(
    passing.map(isShutBy),
    passing.map(() => false),
  );
});
