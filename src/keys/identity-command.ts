/** `gitops-operator identity`: the public halves of the keys that the workloads of the cluster name, as lines of authorized_keys. */
import { createDefaultsCache } from "../adapters/kubernetes/defaults-cache.ts";
import { loadKubeConfig } from "../adapters/kubernetes/load-kube-config.ts";
import { withDefaults } from "../adapters/kubernetes/with-defaults.ts";
import { createWorkloadCache } from "../adapters/kubernetes/workload-cache.ts";
import { publicHalf } from "../adapters/ssh/public-half.ts";
import type { Values } from "../commands/parse-command-line.ts";
import type { ExitCode, Terminal } from "../commands/terminal.ts";
import { type Config, parseConfig } from "../config.ts";
import { connectOutside, type Outside } from "../connect-outside.ts";
import type { Log } from "../core/ports.ts";
import { formatRepository } from "../core/repository.ts";
import { parseTarget } from "../core/targets/target.ts";
import { placeInWords, type SecretRef, type Target } from "../core/types.ts";
import { builtInKinds } from "../core/watched-kinds.ts";
import { asReconcileError } from "../errors.ts";
import { createRedactor } from "../telemetry/redact.ts";
import { escapeControl } from "../text/escape.ts";

const LIST_MS = 30_000;
const quiet: Log = { info() {}, warn() {}, error() {} };
const KEY = "ssh-privatekey";

/** A Secret that is named for git or for signatures. */
interface Named {
  readonly ref: SecretRef;
  /** Whoever names it may read it: each is asked for with its own rights. */
  readonly target: Target;
  readonly uses: Set<string>;
  readonly workloads: Set<string>;
}

/** 0: all keys were read; 1: one was not, or there is none. */
export async function identityCommand({ context }: Values<"identity">, { env, print, printError }: Terminal): Promise<ExitCode> {
  const parsed = parseConfig(env);
  if (parsed.kind === "error") {
    printError(parsed.problems.map((problem) => `configuration: ${problem}`).join("\n"));
    return 2;
  }
  const { config } = parsed;
  const redactor = createRedactor();
  const say = (line: string) => print(escapeControl(redactor.redact(line)));
  const outside = connectOutside({ config, redactor, kubeConfig: await loadKubeConfig(env.KUBECONFIG, context) });
  const releases = new DisposableStack();
  try {
    const { targets, refusals } = await listTargets(config, outside);
    for (const refusal of refusals) say(`# ${refusal}`);
    const named = namedBy(targets);
    if (named.length === 0) say("# no workload of the cluster that is complete names a Secret for git");
    let isWhole = named.length > 0 && refusals.length === 0;
    for (const one of named) {
      const { ref, uses, workloads } = one;
      say(`# Secret ${ref.namespace}/${ref.name}: ${[...uses].join(", ")} (${[...workloads].join(", ")})`);
      try {
        // Its file holds the public half too, which a redactor would take for the secret.
        const identity = await readIdentity(one, outside, releases);
        if (identity !== undefined) print(identity);
        else say("# it holds a token or a GitHub App, which have no public half to register");
      } catch (error) {
        isWhole = false;
        say(`# ${asReconcileError(error).message}`);
      }
    }
    return isWhole ? 0 : 1;
  } finally {
    releases.dispose();
    await outside.close();
  }
}

/** As the operator reads them: with the defaults of their namespaces, disabled ones left out. */
async function listTargets(config: Config, { kube }: Outside) {
  const watched = { client: kube, log: quiet, namespaces: config.watchNamespaces };
  const kinds = [...builtInKinds, ...config.watchKinds];
  const workloads = withDefaults(createWorkloadCache({ ...watched, kinds, selector: config.watchSelector }), createDefaultsCache(watched));
  try {
    const signal = AbortSignal.timeout(LIST_MS);
    await workloads.ready(signal).catch((cause) => {
      throw new Error(
        `The workloads of the cluster could not be listed within ${LIST_MS / 1_000} s; see that kubectl get deployments works`,
        { cause },
      );
    });
    const parsed = workloads.list().map((record) => parseTarget(record, config.operatorNamespace, config));
    return { targets: parsed.flatMap((one) => (one.kind === "ready" ? one.target : [])), refusals: workloads.refusals };
  } finally {
    workloads.close();
  }
}

function namedBy(targets: readonly Target[]): Named[] {
  const named = new Map<string, Named>();
  for (const target of targets) {
    const { appKey, appRepository, manifestKey, manifestRepository, signingSecret } = target;
    const add = (ref: SecretRef, use: string) => {
      const id = `${ref.namespace}/${ref.name}`;
      const one = named.get(id) ?? { ref, target, uses: new Set(), workloads: new Set() };
      one.uses.add(use);
      one.workloads.add(placeInWords(target));
      named.set(id, one);
    };
    if (appRepository.transport === "ssh") add(appKey, `reads ${formatRepository(appRepository)}`);
    add(manifestKey, `writes ${formatRepository(manifestRepository)}`);
    if (signingSecret) add(signingSecret, "signs commits");
  }
  return [...named.values()];
}

/** Undefined: it is no key. */
async function readIdentity({ ref, target }: Named, outside: Outside, releases: DisposableStack): Promise<string | undefined> {
  const ports = outside.secretsFor(target, releases);
  const { texts } = await ports.readCredential(ref, KEY);
  if (texts[KEY] === undefined) return undefined;
  const credential = ports.parseCredential("key", texts, ref);
  return publicHalf((credential as Extract<typeof credential, { kind: "key" }>).privateKey, `${ref.namespace}/${ref.name}`);
}
