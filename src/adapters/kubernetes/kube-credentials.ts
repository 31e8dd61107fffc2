import type { RequestOptions } from "node:https";
import { KubeConfig, type User } from "@kubernetes/client-node";
import { serverWords } from "../../text/server-words.ts";
import { KubeError } from "./kube-error.ts";

export type TlsMaterial = Pick<RequestOptions, "ca" | "cert" | "key" | "pfx" | "passphrase" | "rejectUnauthorized" | "servername">;

/** So that a server that denies everything does not start a credential plugin per request. */
const renewEveryMs = 5_000;

/** What the kubeconfig says about the one who asks: token, token file, client certificate, credential plugin, basic. */
export function createCredentialSource(config: KubeConfig) {
  let source = config;
  let renewedAt = Number.NEGATIVE_INFINITY;
  return {
    /** Rejects with KubeError `credentials`, or what Node says of a file that can't be read. */
    async current() {
      const options: RequestOptions = { headers: {} };
      await source.applyToHTTPSOptions(options).catch((error) => {
        throw credentialsError(source.getCurrentUser(), error);
      });
      const { headers, auth, ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
      const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
      const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
      const all = { ...basic, ...(headers as Record<string, string>) };
      return {
        // A token file may end with a newline, which no header may hold.
        headers: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value.trim()])),
        /** Nothing that says who asks. */
        isAnonymous: Object.keys(all).length === 0 && cert === undefined && pfx === undefined,
        tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) as TlsMaterial,
      };
    },
    /** Forgets cached tokens (client-node reads a token file once a minute at most); false when that was done just before. */
    renew(): boolean {
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

/** client-node's own words may quote what a plugin printed, so only a plugin's complaint is kept. */
function credentialsError(user: User | null, error: Error & { code?: string }): unknown {
  const tokenFile = user?.authProvider?.config?.tokenFile;
  if (tokenFile && error.code) return new KubeError("credentials", `the token file ${tokenFile} can't be read (${error.code})`);
  const plugin = user?.exec ?? user?.authProvider?.config?.exec;
  if (!plugin) return error;
  const name = `the credential plugin '${plugin.command}' of the kubeconfig's user '${user?.name}'`;
  if (error.code === "ENOENT") {
    const hint = typeof plugin.installHint === "string" ? serverWords(plugin.installHint) : "";
    return new KubeError("credentials", `${name} is not there: ${hint || "install it, or write its whole path"}`, { cause: error });
  }
  if (error.code) return new KubeError("credentials", `${name} can't be started (${error.code})`, { cause: error });
  if (error instanceof SyntaxError || error instanceof TypeError)
    return new KubeError("credentials", `${name} printed no ExecCredential; run it by hand to see what it prints`);
  return new KubeError("credentials", `${name} failed: ${serverWords(error.message) || "it said nothing"}`);
}
