import assert from "node:assert/strict";
import { test } from "node:test";
import { createForges, type Forge } from "../../../src/adapters/forge/forge.ts";
import type { Repository } from "../../../src/core/types.ts";

test("the first forge that serves a repository is asked, and gets the token; where none does there are no builds", async () => {
  const asked: string[] = [];
  const forge = (name: string, ...hosts: string[]): Forge => ({
    serves: ({ host }) => hosts.includes(host),
    async state({ host }, sha, token) {
      asked.push(`${name} ${host} ${sha} ${token}`);
      return { kind: "running" };
    },
  });
  const builds = createForges([forge("one", "a.example"), forge("two", "b.example", "a.example")]);
  const on = (host: string): Repository => ({ transport: "ssh", user: "git", host, port: 22, path: "team/shop" });
  assert.deepEqual(await builds.state(on("a.example"), "1", "t"), { kind: "running" });
  assert.deepEqual(await builds.state(on("b.example"), "2", "u"), { kind: "running" });
  assert.deepEqual(await builds.state(on("c.example"), "3", "v"), { kind: "none" });
  assert.deepEqual(asked, ["one a.example 1 t", "two b.example 2 u"]);
});
