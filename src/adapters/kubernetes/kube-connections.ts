import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { TlsMaterial } from "./kube-credentials.ts";

/** Watches have connections of their own: over HTTP/1.1 each holds one for as long as it runs. */
type Purpose = "requests" | "watches";

/** Enough for HTTP/1.1; over HTTP/2 one or two are opened. */
const requestConnections = 8;
/** Below the 90 s after which API servers (and the 60 s after which many load balancers) close idle connections. */
const idleMs = 50_000;
const connectMs = 10_000;

/** Connections that are kept, and opened anew when the TLS material changes (client-node opens one per call). */
export function createKubeConnections(proxyUrl: string | undefined) {
  if (proxyUrl?.startsWith("socks"))
    throw new Error(`The kubeconfig's proxy-url ${proxyUrl} is a SOCKS proxy; only http and https proxies are supported`);
  let current: ({ readonly material: string } & Readonly<Record<Purpose, Dispatcher>>) | undefined;

  function open(tls: TlsMaterial, connections: number | null): Dispatcher {
    // Deadlines are the callers'; watches are long.
    const options = { connections, keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs, headersTimeout: 0, bodyTimeout: 0 };
    const socket = { keepAlive: true, keepAliveInitialDelay: 30_000, timeout: connectMs };
    if (proxyUrl) return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: { ...tls, ...socket } as object, connect: socket });
    return new Agent({ ...options, connect: { ...tls, ...socket } as object });
  }

  /** The next request opens a new connection; those that are under way keep theirs until they end. */
  function replace(): void {
    void current?.requests.close();
    void current?.watches.close();
    current = undefined;
  }

  return {
    to(purpose: Purpose, tls: TlsMaterial): Dispatcher {
      const material = Object.entries(tls).flat().map(String).join("\n");
      if (current?.material !== material) replace();
      current ??= { material, requests: open(tls, requestConnections), watches: open(tls, null) };
      return current[purpose];
    },
    replace,
  };
}
