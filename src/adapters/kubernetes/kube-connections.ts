import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { TlsMaterial } from "./kube-credentials.ts";

interface KubeConnections {
  /** Watches have connections of their own: over HTTP/1.1 each holds one for as long as it runs. */
  to(purpose: "requests" | "watches", tls: TlsMaterial): Dispatcher;
  /** The next request opens a new connection; those that are under way keep theirs until they end. */
  replace(): void;
}

interface Pair {
  readonly material: string;
  readonly requests: Dispatcher;
  readonly watches: Dispatcher;
}

/** Enough for HTTP/1.1; over HTTP/2 one or two are opened. */
const requestConnections = 8;
/** Below the 90 s after which API servers (and the 60 s after which many load balancers) close idle connections. */
const idleMs = 50_000;
const connectMs = 10_000;

/** Connections that are kept, and opened anew when the TLS material changes (client-node opens one per call). */
export function createKubeConnections(proxyUrl: string | undefined): KubeConnections {
  if (proxyUrl?.startsWith("socks"))
    throw new Error(`The kubeconfig's proxy-url ${proxyUrl} is a SOCKS proxy; only http and https proxies are supported`);
  let current: Pair | undefined;

  function open(tls: TlsMaterial, connections: number | null): Dispatcher {
    // Deadlines are the callers'; watches are long.
    const options = { connections, keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs, headersTimeout: 0, bodyTimeout: 0 };
    const socket = { keepAlive: true, keepAliveInitialDelay: 30_000, timeout: connectMs };
    if (proxyUrl) return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: { ...tls, ...socket } as object, connect: socket });
    return new Agent({ ...options, connect: { ...tls, ...socket } as object });
  }
  function replace(): void {
    const old = current;
    current = undefined;
    for (const dispatcher of old ? [old.requests, old.watches] : []) {
      void dispatcher.close();
    }
  }

  return {
    to(purpose, tls) {
      const material = Object.entries(tls).flat().map(String).join("\n");
      if (current?.material !== material) replace();
      current ??= { material, requests: open(tls, requestConnections), watches: open(tls, null) };
      return current[purpose];
    },
    replace,
  };
}
