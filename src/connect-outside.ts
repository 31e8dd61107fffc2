/** The adapters of what both the operator and its check talk to, put together from the configuration. */
import { fileURLToPath } from "node:url";
import type { KubeConfig } from "@kubernetes/client-node";
import { createCheckedAddresses } from "./adapters/egress/checked-addresses.ts";
import { createEgress } from "./adapters/egress/egress.ts";
import { createNameLookups } from "./adapters/egress/name-lookups.ts";
import { createForges } from "./adapters/forge/forges.ts";
import { createGit, type GitOptions } from "./adapters/git/git.ts";
import { createKubeClient } from "./adapters/kubernetes/kube-client.ts";
import { createSecretReader } from "./adapters/kubernetes/secret-reader.ts";
import { createRegistry } from "./adapters/registry/registry.ts";
import { readKnownHosts } from "./adapters/ssh/known-hosts.ts";
import { createSshConnections, type SshConnectionsOptions } from "./adapters/ssh/ssh-connections.ts";
import type { Config } from "./config.ts";
import { forgeOf } from "./core/forges.ts";
import { noObserver, type Observer } from "./core/observer.ts";
import type { PushAccess } from "./core/ports.ts";
import { createSecretBudget } from "./core/runs/secret-budget.ts";
import { decideSecretRef, secretDenied } from "./core/targets/secret-scope.ts";
import { noTracer, type Tracer } from "./core/tracer.ts";
import type { SecretRef, Target } from "./core/types.ts";
import { ReconcileError } from "./errors.ts";
import { secretLines } from "./http/hooks/proof.ts";
import type { Redactor } from "./telemetry/redact.ts";
import { traceHttp } from "./telemetry/traced-http.ts";
import { traceBuilds, traceGit, traceRegistry, traceSecrets } from "./telemetry/traced-ports.ts";
import { createEventReader } from "./workshop/events.ts";
import { createPlaces } from "./workshop/places.ts";
import { createWorkshop } from "./workshop/workshop.ts";

interface OutsideOptions {
  readonly config: Config;
  readonly kubeConfig: KubeConfig;
  readonly redactor: Redactor;
  /** Default: no metrics, no traces. */
  readonly observer?: Observer;
  readonly tracer?: Tracer;
  /** Of a Secret with an SSH key: whether it says for which repositories. */
  readonly onKeyRead?: (ref: SecretRef, isBound: boolean) => void;
  /** Aborts when the operator is to stop. */
  readonly stopping?: AbortSignal;
  /** For tests: shorter than git hosts need. */
  readonly patience?: GitPatience;
}

export interface GitPatience {
  readonly ssh?: Pick<SshConnectionsOptions, "readyTimeoutMs" | "keepaliveMs">;
  readonly git?: Pick<GitOptions, "deadlineMs" | "grace">;
}

export type Outside = ReturnType<typeof connectOutside>;

const HOOK_FIELDS = ["hook-secret", "hook-path-token"];
const BUNDLED_KNOWN_HOSTS = fileURLToPath(new URL("../files/known_hosts", import.meta.url));

export function connectOutside(options: OutsideOptions) {
  const { config, kubeConfig, redactor, observer = noObserver, tracer = noTracer, patience = {} } = options;
  const kube = createKubeClient(kubeConfig);
  const secrets = traceSecrets(createSecretReader(kube), tracer);
  const apiServerHost = new URL(kubeConfig.getCurrentCluster()?.server ?? "https://localhost").hostname;
  const { httpsProxy, noProxy } = config;
  const egress = { allowCidrs: config.egressAllowCidrs, apiServerHost, resolve: createNameLookups() };
  const dispatcher = createEgress({ ...egress, httpsProxy, noProxy }).compose(traceHttp(tracer));
  const knownHostsFiles = [BUNDLED_KNOWN_HOSTS, ...config.knownHostsFiles];
  const connections = createSshConnections({
    knownHosts: () => readKnownHosts(knownHostsFiles),
    addressesOf: createCheckedAddresses(egress),
    ...patience.ssh,
  });
  const { workDir, maxRepositoryBytes, identity } = config;
  /** One for all that comes from outside: the namespaces share it. */
  const workshop = createWorkshop();
  const copies = createGit({
    ...{ connections, dispatcher, workshop, workDir, maxRepositoryBytes, identity, observer },
    ...(options.stopping ? { stopping: options.stopping } : {}),
    ...patience.git,
  });
  const registry = createRegistry({
    dispatcher,
    insecureRegistries: config.imageGate.insecureRegistries,
    realms: config.registryRealms,
  });
  const forges = createForges(config.forges, { dispatcher });
  const takeBudget = createSecretBudget();

  /** Reads what this Deployment may name; what is read is kept out of every text until the release. */
  function readSecretFor({ namespace }: Pick<Target, "namespace">, releases: DisposableStack) {
    return async (ref: SecretRef, field: string) => {
      if (!decideSecretRef(config.secretRefs, ref, namespace, config.operatorNamespace, config.secretNamespaces)) {
        observer.secretDenied();
        throw secretDenied(ref, namespace);
      }
      const read = await secrets.read(ref, field);
      releases.defer(takeBudget(namespace, Buffer.byteLength(read.text)));
      releases.defer(redactor.watch(read.text));
      if (field === "ssh-privatekey") options.onKeyRead?.(ref, read.allowedRepositories !== undefined);
      return read;
    };
  }

  /** Both fields of a Secret that somebody names for hooks, of each the lines that may be used. */
  async function readHookSecret(ref: SecretRef) {
    const [secret, token] = await Promise.allSettled(HOOK_FIELDS.map((field) => secrets.read(ref, field)));
    const fieldMissing = (error: unknown) => error instanceof ReconcileError && error.code === "secret_field_missing";
    for (const read of [secret, token]) if (read?.status === "rejected" && !fieldMissing(read.reason)) throw read.reason;
    const linesOf = (read: typeof secret) => secretLines(read?.status === "fulfilled" ? read.value.text : undefined);
    return { secrets: linesOf(secret), pathTokens: linesOf(token) };
  }

  return {
    ...{ kube, dispatcher, readSecretFor, readHookSecret, knownHostsFiles },
    git: traceGit(copies, tracer),
    places: createPlaces(workshop),
    readEvent: createEventReader(workshop),
    pushAccess: copies as PushAccess,
    githubRateRemaining: forges.githubRateRemaining,
    registry: traceRegistry(registry, tracer),
    reports: forges.reports,
    builds: traceBuilds(forges.builds, tracer, (repository) => forgeOf(config.forges, repository)?.kind),
    async close() {
      await connections.close();
      kube.close();
      await dispatcher.destroy();
      await workshop.close();
      await copies.close();
    },
  };
}
