/**
 * For `node --import`, in `npm test`: of client-node only what the built program has of it. Its generated API classes take a process longer to load
 * than everything else that it needs, and forty of the tests' processes load them.
 */
import { registerHooks } from "node:module";
import { kubeConfigCuts } from "./bundle-plugins.mjs";

registerHooks({
  load(url, context, next) {
    const cut = kubeConfigCuts.find(({ filter }) => filter.test(url));
    return cut ? { format: "module", source: cut.contents, shortCircuit: true } : next(url, context);
  },
});
