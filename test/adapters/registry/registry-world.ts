/** A registry double and the operator's view of it. */
import type { TestContext } from "node:test";
import { dockerConfigJson, type SandboxRegistry, startRegistry } from "../../../sandbox/registry.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createRegistry, type RegistryOptions } from "../../../src/adapters/registry/registry.ts";
import type { ImageAnswer } from "../../../src/core/ports.ts";

export const ann = { username: "ann", password: "canary:s3cret" };

interface RegistryWorld {
  readonly double: SandboxRegistry;
  /** Asks for team/app with those credentials (`.dockerconfigjson`); `annsConfig` are the right ones. */
  check(dockerConfig?: string, tag?: string, repository?: string, wantsDigest?: boolean): Promise<ImageAnswer>;
  readonly annsConfig: string;
}

export async function startRegistryWorld(
  t: TestContext,
  doubleOptions: Parameters<typeof startRegistry>[0] = {},
  options: Partial<RegistryOptions> = {},
): Promise<RegistryWorld> {
  const double = await startRegistry(doubleOptions);
  const dispatcher = createEgress({ allowCidrs: ["127.0.0.0/8"] });
  t.after(async () => {
    await dispatcher.destroy();
    await double.close();
  });
  const registry = createRegistry({ dispatcher, insecureRegistries: [double.host], realms: [], ...options });
  double.put("team/app", "v1");
  return {
    double,
    annsConfig: dockerConfigJson(double.host, ann.username, ann.password),
    check: (dockerConfig, tag = "v1", repository = "team/app", wantsDigest = false) =>
      registry.check({ registryUrl: double.url, repository }, tag, dockerConfig, wantsDigest),
  };
}
