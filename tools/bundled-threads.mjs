/** node:worker_threads for src/workshop in `npm test`: a thread starts from the bundle that tools/group-tests.mjs has made of its program. */
import { fileURLToPath } from "node:url";
import { Worker as NodeWorker } from "node:worker_threads";
import { threadBundles } from "./thread-bundles.mjs";

export class Worker extends NodeWorker {
  constructor(program, options) {
    const bundle = threadBundles.get(fileURLToPath(program));
    if (!bundle) throw new Error(`tools/thread-bundles.mjs does not name ${program}`);
    super(bundle, options);
  }
}
