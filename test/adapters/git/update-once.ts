/** A program for tests: changes one file of a manifests repository through the Git port, and tells what came of it and the most memory that it took. */
import { text } from "node:stream/consumers";
import { Agent } from "undici";
import { createCheckedAddresses } from "../../../src/adapters/egress/checked-addresses.ts";
import { createGit } from "../../../src/adapters/git/git.ts";
import { parseKnownHosts } from "../../../src/adapters/ssh/known-hosts.ts";
import { createSshConnections } from "../../../src/adapters/ssh/ssh-connections.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import type { SshRepository } from "../../../src/core/types.ts";
import { asReconcileError } from "../../../src/errors.ts";
import { createWorkshop } from "../../../src/workshop/workshop.ts";

export interface UpdateOrder {
  readonly repository: SshRepository;
  readonly knownHosts: string;
  readonly privateKey: string;
  readonly workDir: string;
  readonly maxMegabytes: number;
  readonly path: string;
}

export interface UpdateReport {
  /** A push's result, or an error's code. */
  readonly outcome: string;
  readonly message: string;
  readonly peakMegabytes: number;
}

const order = JSON.parse(await text(process.stdin)) as UpdateOrder;
const connections = createSshConnections({
  knownHosts: () => parseKnownHosts([{ name: "known_hosts", text: order.knownHosts }]),
  addressesOf: createCheckedAddresses({ allowCidrs: ["127.0.0.0/8"] }),
});
const dispatcher = new Agent();
const identity = { name: "Operator", email: "operator@example.com" };
const { workDir, path } = order;
const workshop = createWorkshop();
const git = createGit({ connections, dispatcher, workshop, workDir, maxRepositoryBytes: order.maxMegabytes * 2 ** 20, identity });
const key = parseSshKey(order.privateKey, { namespace: "test", name: "key" });

let outcome: string;
let message = "";
try {
  outcome = await git.withManifests({ repository: order.repository, branch: "main", key, namespace: "test" }, async (copy) => {
    const base = await copy.refresh(performance.now());
    const before = await copy.read(base, path);
    return (await copy.push(base, await copy.commit(base, [{ path, text: `${before}changed\n` }], "Change"))).kind;
  });
} catch (error) {
  ({ code: outcome, message } = asReconcileError(error));
}
await Promise.all([git.close(), connections.close(), dispatcher.close(), workshop.close()]);
const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ outcome, message, peakMegabytes } satisfies UpdateReport));
