import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerConfigJson } from "../../../sandbox/registry.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { skipWithoutDockerRegistry, startDockerRegistry } from "../../docker-registry.ts";

test("Debian's docker-registry with htpasswd: found with its digest, missing, denied", { skip: skipWithoutDockerRegistry() }, async (t) => {
  const real = await startDockerRegistry();
  const dispatcher = createEgress({ allowCidrs: ["127.0.0.1"] });
  t.after(async () => {
    await dispatcher.destroy();
    await real.close();
  });
  const digest = await real.push("team/app", "v1");
  const indexDigest = await real.push("team/app", "multi", { asIndex: true });
  const registry = createRegistry({ dispatcher, insecureRegistries: [real.host], realms: [] });
  const ask = (config: string | undefined, tag: string, repository = "team/app") =>
    registry.check({ registryUrl: real.url, repository }, tag, config);
  const right = dockerConfigJson(real.host, real.username, real.password);

  assert.deepEqual(await ask(right, "v1"), { kind: "found", digest });
  assert.deepEqual(await ask(right, "multi"), { kind: "found", digest: indexDigest });
  assert.deepEqual(await ask(right, "v2"), { kind: "missing" });
  assert.deepEqual(await ask(right, "v1", "team/never-pushed"), { kind: "missing" });
  for (const config of [
    undefined,
    dockerConfigJson(real.host, real.username, "wrong"),
    dockerConfigJson("other.example", real.username, real.password),
  ]) {
    const answer = await ask(config, "v1");
    assert.ok(answer.kind === "denied" && answer.status === 401, JSON.stringify(answer));
  }
});
