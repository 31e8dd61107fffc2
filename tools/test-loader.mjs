/**
 * For `node --import`, in `npm test`: what tests load often and is dear to load is what the built program has instead.
 * Of client-node that is what it uses: the generated API classes take a process longer to load than everything else that it needs, and forty of the
 * tests' processes load them. The workshop's threads start from bundles: from the sources each would first load Node's stripper of types, which has no
 * cache in a thread, and takes three times as long as all else at its start.
 * And Node's test runner follows each promise of each test, so that it can say of which test an error was that nobody has caught: a tenth of all work
 * where promises are many. Here it follows what is no promise; such an error is told, and fails the group that it was in.
 */
import asyncHooks, { createHook } from "node:async_hooks";
import { registerHooks } from "node:module";
import { kubeConfigCuts } from "./bundle-plugins.mjs";

asyncHooks.createHook = (callbacks) =>
  createHook(new Error().stack?.includes("node:internal/test_runner/") ? { ...callbacks, trackPromises: false } : callbacks);

registerHooks({
  resolve(specifier, context, next) {
    const ofWorkshop = specifier === "node:worker_threads" && context.parentURL?.endsWith("/src/workshop/worker-thread.ts");
    return ofWorkshop ? { url: new URL("bundled-threads.mjs", import.meta.url).href, shortCircuit: true } : next(specifier, context);
  },
  load(url, context, next) {
    const cut = kubeConfigCuts.find(({ filter }) => filter.test(url));
    return cut ? { format: "module", source: cut.contents, shortCircuit: true } : next(url, context);
  },
});
