import { createHash, randomBytes } from "node:crypto";
import { type Request, type Response, send } from "./cluster-api/exchange.ts";
import { type Listener, startListener } from "./cluster-api/listener.ts";
import { basic, createTokenEndpoint, type TokenEndpoint } from "./registry/token-endpoint.ts";

/** `bearer`: with a token endpoint of its own, as Docker Hub, GHCR and Azure have it. */
export type RegistryAuth =
  | { readonly kind: "open" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | {
      readonly kind: "bearer";
      /** Without them everybody gets a token. */
      readonly username?: string;
      readonly password?: string;
      /** A refresh token that is good as well. */
      readonly identityToken?: string;
      /** Default: `token`, and 300 s. */
      readonly tokenField?: "token" | "access_token";
      readonly expiresInSeconds?: number | undefined;
    };

interface RegistryImage {
  /** What the header says. Default: the digest of the manifest. */
  readonly digest?: string;
  /** Questions that do not accept it are told 404, as real registries do. Default: an OCI index. */
  readonly mediaType?: string;
  /** The manifest's bytes. */
  readonly manifest?: string;
}

interface RegistryRequest {
  /** Of which part of the registry. */
  readonly at: RegistryPart;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The scheme of its Authorization. */
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** `version`: `/v2/`, where a registry says how it wants to be asked. */
type RegistryPart = "manifest" | "token" | "version";

export interface RegistryFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An image registry on loopback: what `HEAD /v2/<name>/manifests/<tag>` says of the images that were put there. */
export interface SandboxRegistry {
  /** For `registry_secret_url`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, the host in front of an image's name. */
  readonly host: string;
  /** The authority of the certificate with https. */
  readonly caPem: string | undefined;
  readonly listener: Listener;
  put(repository: string, tag: string, image?: RegistryImage): void;
  has(repository: string, tag: string): boolean;
  remove(repository: string, tag: string): void;
  /** What is said of a repository to which nothing was ever pushed; registries differ. Default: 404. */
  unknownRepositoryStatus: 401 | 403 | 404;
  /** What is told of a manifest to who did not log in, without a word on how to: only `/v2/` says so. Default: 401 with a challenge. */
  unchallengedStatus: 401 | 403 | 404 | undefined;
  /** Headers that are left out, the type with HEAD only: specification 1.1 of distribution demands no more. */
  readonly leftOut: Set<"docker-content-digest" | "content-type">;
  /** Whether HEAD is told 405. */
  refusesHead: boolean;
  /** Makes tokens that were given out worthless. */
  revokeTokens(): void;
  /** The next questions are answered like that, `times` of them; returns the end of it. */
  answer(fault: RegistryFault, at?: RegistryPart, times?: number): () => void;
  /** Questions are never answered. */
  hang(at?: RegistryPart): () => void;
  /** Answers are right, but late. */
  delay(ms: number, at?: RegistryPart): () => void;
  /** Answers never end: the body of a token, the headers of a manifest. */
  neverEnd(at?: RegistryPart): () => void;
  /** Oldest first. */
  readonly requests: readonly RegistryRequest[];
  close(): Promise<void>;
}

interface Fault {
  readonly at: RegistryPart;
  readonly what: RegistryFault | "hang" | "never end" | { readonly delayMs: number };
  left: number;
}

const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const mostRequests = 10_000;

export interface RegistryOptions {
  readonly auth?: RegistryAuth;
  readonly protocol?: "http" | "https";
  readonly basePath?: string;
}

export async function startRegistry(options: RegistryOptions = {}): Promise<SandboxRegistry> {
  const { auth = { kind: "open" }, protocol = "http", basePath = "" } = options;
  const repositories = new Map<string, Map<string, Required<RegistryImage>>>();
  const faults = new Set<Fault>();
  const requests: RegistryRequest[] = [];
  const manifestPath = new RegExp(`^${basePath}/v2/(.+)/manifests/([^/]+)$`);

  async function handle(request: Request, response: Response): Promise<void> {
    const url = new URL(request.url ?? "", listener.url);
    const at = url.pathname === "/token" ? "token" : url.pathname === `${basePath}/v2/` ? "version" : "manifest";
    const { method = "", headers } = request;
    requests.push({ at, method, path: url.pathname + url.search, authorization: headers.authorization?.split(" ")[0], headers });
    if (requests.length > mostRequests) requests.shift();
    const fault = takeFault(at);
    if (fault === "hang") return;
    if (fault === "never end") return pourOut(response, at);
    if (fault && "delayMs" in fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    else if (fault) return reply(response, fault);
    if (at === "token") reply(response, await tokens.serve(request, url));
    else reply(response, at === "version" ? serveVersion(request) : serveManifest(request, url));
  }

  function serveVersion(request: Request): RegistryFault {
    // Any repository's token will do; the scope that it names is of no use for a pull.
    const knows = auth.kind === "bearer" ? request.headers.authorization : isAllowed(request.headers.authorization, "");
    return knows ? { status: 200, body: "{}" } : challenge("registry:catalog:*");
  }

  function takeFault(at: RegistryPart): Fault["what"] | undefined {
    const fault = [...faults].find((candidate) => candidate.at === at);
    if (fault && --fault.left <= 0) faults.delete(fault);
    return fault?.what;
  }

  function serveManifest(request: Request, { pathname }: URL): RegistryFault {
    const [, repository, tag] = manifestPath.exec(decodeURIComponent(pathname)) ?? [];
    if (repository === undefined || tag === undefined) return { status: 404 };
    if (!isAllowed(request.headers.authorization, repository)) {
      const { unchallengedStatus: status } = registry;
      return status === undefined ? challenge(`repository:${repository}:pull`) : { status };
    }
    if (request.method === "HEAD" && registry.refusesHead) return { status: 405, headers: { allow: "GET" } };
    const tags = repositories.get(repository);
    if (!tags) return { status: registry.unknownRepositoryStatus };
    const image = tags.get(tag);
    const accepted = String(request.headers.accept ?? "").split(/\s*,\s*/);
    if (!image || !accepted.includes(image.mediaType)) return { status: 404 };
    const headers = Object.entries({ "docker-content-digest": image.digest, "content-type": image.mediaType });
    const mayLack = (name: string) => request.method === "HEAD" || name !== "content-type";
    const told = headers.filter(([name]) => !(registry.leftOut as ReadonlySet<string>).has(name) || !mayLack(name));
    return { status: 200, headers: Object.fromEntries(told), body: image.manifest };
  }

  function isAllowed(authorization: string | undefined, repository: string): boolean {
    if (auth.kind === "open") return true;
    if (auth.kind === "bearer") return tokens.allows(authorization, `repository:${repository}:pull`);
    return authorization === basic(auth.username, auth.password);
  }

  function challenge(scope: string): RegistryFault {
    const header =
      auth.kind === "basic"
        ? 'Basic realm="sandbox"'
        : `Bearer realm="${listener.url}/token",service="sandbox, on loopback",scope="${scope}"`;
    return { status: 401, headers: { "www-authenticate": header } };
  }

  function during(at: RegistryPart, what: Fault["what"], times = Number.POSITIVE_INFINITY): () => void {
    const fault = { at, what, left: times };
    faults.add(fault);
    return () => faults.delete(fault);
  }

  const tokens: TokenEndpoint = createTokenEndpoint(auth.kind === "bearer" ? auth : { kind: "bearer" });
  const listener = await startListener(protocol, 0, (request, response) => void handle(request, response).catch(() => response.destroy()));
  const registry: SandboxRegistry = {
    url: listener.url + basePath,
    host: new URL(listener.url).host,
    caPem: listener.caPem,
    listener,
    put(repository, tag, image = {}) {
      const { mediaType = OCI_INDEX, manifest = JSON.stringify({ mediaType, annotations: { of: randomBytes(8).toString("hex") } }) } =
        image;
      const { digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}` } = image;
      const tags = repositories.get(repository) ?? new Map<string, Required<RegistryImage>>();
      repositories.set(repository, tags.set(tag, { digest, mediaType, manifest }));
    },
    has: (repository, tag) => repositories.get(repository)?.has(tag) === true,
    remove: (repository, tag) => void repositories.get(repository)?.delete(tag),
    unknownRepositoryStatus: 404,
    unchallengedStatus: undefined,
    leftOut: new Set(),
    refusesHead: false,
    revokeTokens: () => tokens.revoke(),
    answer: (fault, at = "manifest", times) => during(at, fault, times),
    hang: (at = "manifest") => during(at, "hang"),
    delay: (delayMs, at = "manifest") => during(at, { delayMs }),
    neverEnd: (at = "manifest") => during(at, "never end"),
    requests,
    close: () => listener.close(),
  };
  return registry;
}

/** `.dockerconfigjson` as `kubectl create secret docker-registry` writes it. */
export function dockerConfigJson(host: string, username: string, password: string): string {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { username, password, auth } } });
}

function reply(response: Response, { status, headers, body = "" }: RegistryFault): void {
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  for (const [field, value] of Object.entries(headers ?? {})) response.setHeader(field, value);
  send(response, status, body, headers?.["content-type"]);
}

function pourOut(response: Response, at: RegistryPart): void {
  const { socket } = response as { socket: NodeJS.WritableStream & { destroyed: boolean } };
  socket.write("HTTP/1.1 200 OK\r\n");
  if (at === "token") socket.write("content-type: application/json\r\n\r\n");
  const more = () => {
    if (!socket.destroyed) socket.write(`x: ${"y".repeat(16_384)}\r\n`, () => setImmediate(more));
  };
  more();
}
