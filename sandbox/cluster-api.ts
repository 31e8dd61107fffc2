import { type Authorizer, accessOf, forbiddenRequest } from "./cluster-api/authorizer.ts";
import { discoveryAnswer } from "./cluster-api/discovery.ts";
import { isWatch, parseTarget, type Request, type Response, send } from "./cluster-api/exchange.ts";
import { createInjector, type Faults } from "./cluster-api/faults.ts";
import { requireKnownForm } from "./cluster-api/forms.ts";
import { builtInKinds, customKindNamed, type KindName, type KubeObject, kindNamed, type NewObject } from "./cluster-api/kinds.ts";
import { kubeconfigOf } from "./cluster-api/kubeconfig.ts";
import { type Protocol, startListener } from "./cluster-api/listener.ts";
import { type Backup, createObjectStore } from "./cluster-api/object-store.ts";
import { openApiAnswer } from "./cluster-api/openapi.ts";
import { createReader } from "./cluster-api/read-objects.ts";
import { playRollouts, type RolloutOptions } from "./cluster-api/rollouts.ts";
import { Refusal, statusOf } from "./cluster-api/status.ts";
import { createWatches } from "./cluster-api/watch-objects.ts";
import { writeObject } from "./cluster-api/write-objects.ts";

export interface ClusterApiOptions {
  readonly protocol?: Protocol;
  /** 0 = any free one. */
  readonly port?: number;
  /** Required of every request when set; kubectl sends it over TLS only. */
  readonly token?: string;
  /** Under whose roles every request is; without it everything is allowed. */
  readonly authorizer?: Authorizer;
  /** Kinds that are there from the beginning, beside those that every cluster has: `rollouts.argoproj.io`. */
  readonly installed?: readonly string[];
  /** Real servers send a bookmark about once a minute. */
  readonly bookmarkEveryMs?: number;
  /** Changes that a watch can catch up on. */
  readonly historyLimit?: number;
}

interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly userAgent: string;
  readonly accept: string;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
}

/** A Kubernetes API server on loopback: workloads, Secrets, Namespaces, Events and what is installed, for the operator and for kubectl. */
export interface ClusterApi {
  readonly url: string;
  readonly caPem: string | undefined;
  /** For KUBECONFIG. */
  readonly kubeconfig: string;
  /** May be changed: requests with the old one get 401. */
  token: string | undefined;
  /** Creates or replaces, and the namespace too when it is not there. */
  put(object: NewObject): KubeObject;
  get(kind: KindName, namespace: string, name: string): KubeObject | undefined;
  list(kind: KindName): readonly KubeObject[];
  delete(kind: KindName, namespace: string, name: string): void;
  /** `rollouts.argoproj.io`, as its CustomResourceDefinition does. */
  install(resource: string): void;
  /** With all its objects; its watches end. */
  uninstall(resource: string): void;
  /** From now on Deployments have Pods, and roll out when they change. Before, each is at once what was written. */
  playRollouts(options: RolloutOptions): void;
  /** The latest, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  readonly connectionCount: number;
  readonly openWatchCount: number;
  readonly faults: Faults;
  /** Every connection is reset, the port stays the same. A real server knows no roles for about a second. */
  restart(rolesAfterMs?: number): Promise<void>;
  backup(): Backup;
  /** As an etcd restored from a backup: older objects and a lower resourceVersion. Behind a load balancer clients only see their watches end. */
  restore(backup: Backup, how?: "restart" | "behind a load balancer"): Promise<void>;
  close(): Promise<void>;
}

const requestLimit = 10_000;

export async function startClusterApi(options: ClusterApiOptions = {}): Promise<ClusterApi> {
  const { protocol = "http", port = 0, bookmarkEveryMs = 60_000, historyLimit = 1000 } = options;
  const store = createObjectStore(historyLimit);
  const reader = createReader(store);
  const watches = createWatches(store, bookmarkEveryMs);
  const requests: ReceivedRequest[] = [];
  let served = [...builtInKinds, ...(options.installed ?? []).map(customKindNamed)];
  const user = options.authorizer?.user ?? "sandbox";
  let endRollouts = () => {};
  const { faults, intercept } = createInjector(() => listener, store, reader, watches, user);

  function handle(request: Request, response: Response): void {
    const path = request.url ?? "";
    const { method = "", headers, httpVersion } = request;
    requests.push({ method, path, userAgent: String(headers["user-agent"] ?? ""), accept: String(headers.accept ?? ""), httpVersion });
    if (requests.length > requestLimit) requests.shift();
    if (intercept(request, response)) return;
    serve(request, response).catch((error) => {
      const status = error instanceof Refusal ? error.status : statusOf(500, String(error));
      send(response, status.code, status);
    });
  }

  async function serve(request: Request, response: Response): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? "", "http://localhost");
    if (/^\/(?:healthz|livez|readyz)$/.test(pathname)) return send(response, 200, "ok", "text/plain");
    if (api.token !== undefined && request.headers.authorization !== `Bearer ${api.token}`) {
      // Who shows nothing is a user without rights, who shows something wrong is nobody.
      if (request.headers.authorization === undefined && pathname !== "/version") throw forbiddenRequest(request, "system:anonymous");
      if (request.headers.authorization !== undefined) throw new Refusal(401, "Unauthorized");
    }
    const accept = String(request.headers.accept ?? "");
    const discovery = request.method === "GET" ? discoveryAnswer(pathname, accept, served) : undefined;
    if (discovery) return send(response, 200, discovery.body, discovery.contentType);
    const openApi = request.method === "GET" ? openApiAnswer(pathname) : undefined;
    if (openApi) return send(response, 200, openApi);
    if (accept !== "" && !/json|\*\/\*/.test(accept))
      throw new Refusal(406, "only the following media types are accepted: application/json");
    const target = parseTarget(pathname);
    if (!target) throw new Refusal(404, "the server could not find the requested resource");
    options.authorizer?.check(accessOf(request.method ?? "", target, query));
    // Who may not ask is not told that there is nothing.
    if (!served.includes(target.kind)) return send(response, 404, "404 page not found\n", "text/plain; charset=utf-8");
    requireKnownForm(accept, target.name === undefined && !isWatch(query));
    if (request.method !== "GET") {
      if (query.has("dryRun")) throw new Refusal(400, "this server has no dry run: it would write");
      const { code, body } = await writeObject(store, target, request);
      return send(response, code, body);
    }
    if (isWatch(query)) return watches.start(target, query, accept, response);
    send(response, 200, target.name === undefined ? reader.list(target, query, accept) : reader.get(target, accept));
  }

  function putNamespace(name: string): void {
    if (!store.get(kindNamed("Namespace"), undefined, name)) store.put({ kind: "Namespace", metadata: { name } });
  }

  async function restart(rolesAfterMs = 0): Promise<void> {
    await listener.stop("refuse");
    if (rolesAfterMs > 0) setTimeout(faults.forgetRoles(), rolesAfterMs).unref();
    await listener.resume();
  }

  const listener = await startListener(protocol, port, handle);
  const { url, caPem } = listener;
  const api: ClusterApi = {
    url,
    caPem,
    get kubeconfig() {
      return kubeconfigOf({ url, caPem, token: api.token });
    },
    token: options.token,
    put(object) {
      const { namespaced } = kindNamed(object.kind);
      if (!namespaced) return store.put(object);
      const { namespace = "default" } = object.metadata;
      putNamespace(namespace);
      return store.put({ ...object, metadata: { ...object.metadata, namespace } });
    },
    get: (kind, namespace, name) => store.get(kindNamed(kind), namespace, name),
    list: (kind) => store.list(kindNamed(kind)),
    delete(kind, namespace, name) {
      store.remove(kindNamed(kind), namespace, name);
    },
    install(resource) {
      served = [...served, customKindNamed(resource)];
    },
    uninstall(resource) {
      const kind = customKindNamed(resource);
      for (const { metadata } of store.list(kind)) store.remove(kind, metadata.namespace, metadata.name);
      served = served.filter((other) => other !== kind);
      watches.endOf(kind);
    },
    playRollouts(rollouts) {
      endRollouts = playRollouts(store, rollouts);
    },
    requests,
    get connectionCount() {
      return listener.connectionCount;
    },
    get openWatchCount() {
      return watches.open.size;
    },
    faults,
    restart,
    backup: () => store.backup(),
    async restore(backup, how = "restart") {
      if (how === "restart") await listener.stop("refuse");
      else faults.endWatches();
      store.restore(backup);
      await listener.resume();
    },
    close() {
      endRollouts();
      return listener.close();
    },
  };
  for (const name of ["default", "kube-system"]) putNamespace(name);
  return api;
}
