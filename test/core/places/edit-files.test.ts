import assert from "node:assert/strict";
import { test } from "node:test";
import { editFiles } from "../../../src/core/places/edit-files.ts";
import { editManifest } from "../../../src/core/places/edit-manifest.ts";
import { targetOf } from "../targets.ts";

const names: readonly [path: string, shown: string][] = [
  [".github/workflows/ci.yaml", "'\\.github/workflows/ci\\.yaml', which leads into \\.github, which the operator never writes"],
  ["a/.GIT/config.yaml", "'a/\\.GIT/config\\.yaml', which leads into git's own folder"],
  ["git~1/x.yaml", "'git~1/x\\.yaml', which leads into git's own folder"],
  ["a\nGitops-Operator-Commit: x.yaml", "'a\\\\nGitops-Operator-Commit: x\\.yaml', which holds a control"],
  ["a\u001b[2J.yaml", "'a\\\\u\\{1b\\}\\[2J\\.yaml', which holds a control"],
  ["a/../b.yaml", "'a/\\.\\./b\\.yaml', which holds '\\.\\.'"],
  ["\ufffd.yaml", "'\ufffd\\.yaml', which is not UTF-8; rename the file"],
  [`${"d/".repeat(600)}k.yaml`, "'(?:d/){150}', which is longer than 1024 bytes"],
];

// S10
test("a pattern leads to no file that may not be named by itself: it is told, and nothing is read", async () => {
  const target = { ...targetOf("shop"), files: [{ path: "**/*" }] as const };
  const question = { image: target.image, tag: "new", appCommit: "1".repeat(40), digest: undefined };
  const places = { edit: async (one: Parameters<typeof editManifest>[0]) => editManifest(one) };
  for (const [path, shown] of names) {
    const copy = { list: async () => ["first.yaml", path], read: () => assert.fail("read") };
    await assert.rejects(
      editFiles(target, "0".repeat(40), question, { copy, places, signal: new AbortController().signal }),
      ({ code, message }: { code?: string } & Error) => {
        assert.equal(code, "manifest_invalid");
        assert.match(message, new RegExp(`^gitops\\.operator\\.deployment_path '\\*\\*/\\*' leads to ${shown}`));
        return true;
      },
    );
  }
});
