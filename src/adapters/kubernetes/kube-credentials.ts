import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

export type TlsMaterial = Pick<RequestOptions, "ca" | "cert" | "key" | "pfx" | "passphrase" | "rejectUnauthorized" | "servername">;

interface CredentialSource {
  current(): Promise<Credentials>;
  /** Forgets cached tokens (client-node reads a token file once a minute at most); false when that was done just before. */
  renew(): Promise<boolean>;
}

/** So that a server that denies everything does not start a credential plugin per request. */
const renewEveryMs = 5_000;

/** What the kubeconfig says about the one who asks: token, token file, client certificate, credential plugin, basic. */
export function createCredentialSource(config: KubeConfig): CredentialSource {
  let source = config;
  let renewedAt = Number.NEGATIVE_INFINITY;
  return {
    async current() {
      const options: RequestOptions = { headers: {} };
      await source.applyToHTTPSOptions(options);
      const { headers, auth, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
      const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
      const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
      return {
        headers: { ...basic, ...(headers as Record<string, string>) },
        tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
      };
    },
    async renew() {
      if (performance.now() - renewedAt < renewEveryMs) return false;
      renewedAt = performance.now();
      const { clusters, users, contexts, currentContext } = source;
      const fresh = new KubeConfig();
      fresh.loadFromOptions({ clusters, users, contexts, currentContext });
      source = fresh;
      return true;
    },
  };
}
