/** Node reads NODE_EXTRA_CA_CERTS once, at its start: so each case is a process of its own. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { compileCache } from "../../../sandbox/compile-cache.ts";
import { startRegistry } from "../../../sandbox/registry.ts";
import { startConnectProxy } from "./connect-proxy.ts";

/** Asks the registry at `url` for team/app:v1, as the operator would. */
async function askInProcess(url: string, env: Readonly<Record<string, string>>): Promise<{ kind: string; reason?: string }> {
  const moduleUrl = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { createEgress } from ${moduleUrl("../../../src/adapters/egress/egress.ts")};
    import { createRegistry } from ${moduleUrl("../../../src/adapters/registry/registry.ts")};
    const { HTTPS_PROXY: httpsProxy } = process.env;
    const dispatcher = createEgress({ allowCidrs: ["127.0.0.1"], httpsProxy });
    const registry = createRegistry({ dispatcher, insecureRegistries: [], realms: [] });
    console.log(JSON.stringify(await registry.check({ registryUrl: ${JSON.stringify(url)}, repository: "team/app" }, "v1", undefined)));
    await dispatcher.destroy();
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...compileCache, ...env },
    timeout: 60_000,
  });
  return JSON.parse(stdout) as { kind: string; reason?: string };
}

test("a registry whose authority is in NODE_EXTRA_CA_CERTS is asked, directly and through HTTPS_PROXY; without it none is", async (t) => {
  const registry = await startRegistry({ protocol: "https" });
  const folder = await mkdtemp(join(tmpdir(), "extra-ca-"));
  const proxy = await startConnectProxy(t, Number(new URL(registry.url).port));
  t.after(async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  registry.put("team/app", "v1");
  const file = join(folder, "ca.pem");
  await writeFile(file, registry.caPem ?? "");
  const [direct, proxied, untrusted] = await Promise.all([
    askInProcess(registry.url, { NODE_EXTRA_CA_CERTS: file }),
    askInProcess(registry.url, { NODE_EXTRA_CA_CERTS: file, HTTPS_PROXY: proxy.url }),
    askInProcess(registry.url, {}),
  ]);
  assert.deepEqual([direct.kind, proxied.kind], ["found", "found"], JSON.stringify({ direct, proxied }));
  assert.deepEqual(proxy.asked, [registry.host]);
  assert.match(String(untrusted.reason), /NODE_EXTRA_CA_CERTS/);
});
