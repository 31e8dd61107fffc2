/** The adapters of what both the operator and its check talk to, put together from the configuration. */
import { fileURLToPath } from "node:url";
import type { KubeConfig } from "@kubernetes/client-node";
import { createCheckedAddresses } from "./adapters/egress/checked-addresses.ts";
import { createCredentialConnections } from "./adapters/egress/credential-connections.ts";
import { createEgress } from "./adapters/egress/egress.ts";
import { createNameLookups } from "./adapters/egress/name-lookups.ts";
import { createAppTokens } from "./adapters/forge/app-tokens.ts";
import { createForges } from "./adapters/forge/forges.ts";
import { createGit, type GitOptions } from "./adapters/git/git.ts";
import { createHttpsAccess } from "./adapters/git/wire/https-access.ts";
import { createKubeClient } from "./adapters/kubernetes/kube-client.ts";
import { createSecretReader } from "./adapters/kubernetes/secret-reader.ts";
import { createRegistry } from "./adapters/registry/registry.ts";
import { readKnownHosts } from "./adapters/ssh/known-hosts.ts";
import { createSshConnections, type SshConnectionsOptions } from "./adapters/ssh/ssh-connections.ts";
import type { Config } from "./config.ts";
import { forgeOf } from "./core/forges.ts";
import type { PushAccess } from "./core/git-ports.ts";
import { noObserver, type Observer } from "./core/observer.ts";
import { noTracer, type Tracer } from "./core/tracer.ts";
import type { SecretRef } from "./core/types.ts";
import { createSecretReaders } from "./read-secrets.ts";
import { secretLines } from "./sharing/standard-webhooks.ts";
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
  /** Of a Secret that opens repositories: whether it says which. */
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

/** As many as commands run at once over one of SSH's. */
const HTTPS_CONNECTIONS = 4;
/** Longer than the interval of the readiness probe, shorter than hosts keep them. */
const HTTPS_KEPT_MS = 50_000;
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
  const { workDir, maxRepositoryBytes, identity, proposalPrefix } = config;
  /** One for all that comes from outside: the namespaces share it. */
  const workshop = createWorkshop();
  const httpsConnections = createCredentialConnections((caPem) =>
    createEgress({ ...egress, httpsProxy, noProxy, caPem, connections: HTTPS_CONNECTIONS, keepAliveMs: HTTPS_KEPT_MS }).compose(
      traceHttp(tracer),
    ),
  );
  const apps = createAppTokens({
    forges: config.forges,
    connect: (app, isOwnHost) => (isOwnHost ? httpsConnections.use(app) : { dispatcher, end: () => {} }),
  });
  const access = createHttpsAccess({ apps, connections: httpsConnections });
  const copies = createGit({
    ...{ connections, dispatcher, access, workshop, workDir, maxRepositoryBytes, identity, proposalPrefix, observer },
    ...(options.stopping ? { stopping: options.stopping } : {}),
    ...patience.git,
  });
  const registry = createRegistry({
    dispatcher,
    insecureRegistries: config.imageGate.insecureRegistries,
    realms: config.registryRealms,
  });
  const forges = createForges(config.forges, { dispatcher, apps });
  const secretsFor = createSecretReaders({ config, secrets, redactor, observer, onKeyRead: options.onKeyRead });

  /** Both fields of a Secret that somebody names for hooks, of each the lines that may be used. */
  async function readHookSecret(ref: SecretRef) {
    const { texts } = await secrets.read(ref, ["hook-secret", "hook-path-token"], "hook-secret");
    return { secrets: secretLines(texts["hook-secret"]), pathTokens: secretLines(texts["hook-path-token"]) };
  }

  return {
    ...{ kube, dispatcher, readHookSecret, knownHostsFiles, secretsFor },
    git: traceGit(copies, tracer),
    places: createPlaces(workshop),
    readEvent: createEventReader(workshop),
    pushAccess: copies as PushAccess,
    githubRateRemaining: forges.githubRateRemaining,
    registry: traceRegistry(registry, tracer),
    reports: forges.reports,
    proposals: forges.proposals,
    builds: traceBuilds(forges.builds, tracer, (repository) => forgeOf(config.forges, repository)?.kind),
    async close() {
      await connections.close();
      kube.close();
      await Promise.all([dispatcher.destroy(), httpsConnections.close()]);
      await workshop.close();
      await copies.close();
    },
  };
}
