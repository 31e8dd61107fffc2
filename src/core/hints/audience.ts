import type { Workloads } from "../cluster-ports.ts";
import type { Branches } from "../progress.ts";
import { decideSecretRef, type SecretScope } from "../targets/secret-scope.ts";
import type { Parsed, SecretRef, Target, Workload, WorkloadRecord } from "../types.ts";
import type { Listener } from "./match-hint.ts";

/** Whom the events of a Secret may concern. */
export interface Audience {
  /** A namespace: whose share of what all have in common is taken for that Secret. */
  readonly share: string;
  readonly listeners: () => readonly Listener[];
}

interface AudienceOptions {
  readonly workloads: Pick<Workloads, "list">;
  readonly parse: (record: WorkloadRecord) => Parsed;
  readonly branchesOf: (workload: Workload) => Branches | undefined;
  readonly settings: {
    readonly secretRefs: SecretScope;
    readonly secretNamespaces: readonly string[];
    readonly operatorNamespace: string;
    /** The operator's own Secret, in its namespace. */
    readonly hookSecretName: string | undefined;
  };
}

/** How long a Deployment that comes or goes is not noticed here: forged events must not look through all of them each time. */
const FRESH_MS = 1_000;

/**
 * Whom the events of a Secret may concern: those that name it and may, of the operator's own all. Undefined: nobody names it, so it is not to be
 * read (docs/ASSURANCE.md, S24). Who they are is told only when it is asked for: a forged event costs the same however many there are.
 */
export function createAudience({ workloads, parse, branchesOf, settings }: AudienceOptions) {
  const { secretRefs, secretNamespaces, operatorNamespace, hookSecretName } = settings;
  let known: Map<string, { readonly targets: readonly Target[]; readonly share: string }> = new Map();
  let knownUntil = Number.NEGATIVE_INFINITY;

  function refresh(): void {
    const targets = workloads
      .list()
      .map(parse)
      .flatMap((parsed) => (parsed.kind === "ready" ? [parsed.target] : []));
    const bySecret = Map.groupBy(targets.filter(mayName), ({ hookSecret }) => (hookSecret ? keyOf(hookSecret) : ""));
    bySecret.delete("");
    known = withShares(bySecret);
    if (hookSecretName !== undefined)
      known.set(keyOf({ namespace: operatorNamespace, name: hookSecretName }), { targets, share: operatorNamespace });
    knownUntil = performance.now() + FRESH_MS;
  }

  function mayName({ hookSecret, namespace }: Target): boolean {
    return hookSecret !== undefined && decideSecretRef(secretRefs, hookSecret, namespace, operatorNamespace, secretNamespaces);
  }

  return (ref: SecretRef): Audience | undefined => {
    if (performance.now() >= knownUntil) refresh();
    const { targets, share } = known.get(keyOf(ref)) ?? {};
    if (!targets || share === undefined) return undefined;
    return { share, listeners: () => targets.map((target) => ({ target, observed: target.appBranch ?? branchesOf(target)?.observed })) };
  };
}

/** Of the namespaces that name a Secret the one that names the fewest: who names many pays for them, also where others name the same. */
function withShares(bySecret: ReadonlyMap<string, readonly Target[]>) {
  const namers = new Map([...bySecret].map(([secret, targets]) => [secret, new Set(targets.map(({ namespace }) => namespace))]));
  const counts = new Map<string, number>();
  for (const namespaces of namers.values()) for (const one of namespaces) counts.set(one, (counts.get(one) ?? 0) + 1);
  const countOf = (namespace: string) => counts.get(namespace) ?? 0;
  return new Map(
    [...bySecret].map(([secret, targets]) => {
      const share = [...(namers.get(secret) ?? [])].reduce((fewest, one) => (countOf(one) < countOf(fewest) ? one : fewest));
      return [secret, { targets, share }] as const;
    }),
  );
}

function keyOf({ namespace, name }: SecretRef): string {
  return `${namespace}/${name}`;
}
