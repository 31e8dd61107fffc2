/** The one way out for everything over HTTP(S): registries, CI API, chat, https git. Options are passed in; NODE_EXTRA_CA_CERTS is read by Node itself. */
import { lookup as lookupWithSystem } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { type AddressRules, createAddressRules } from "./egress/address-rules.ts";
import { EgressRefused } from "./egress/network-error.ts";

export interface EgressOptions {
  /** EGRESS_ALLOW_CIDRS: opened although they would be refused. */
  readonly allowCidrs: readonly string[];
  /** The host of the API server's URL, a name or an address; undefined: none to protect. */
  readonly apiServerHost?: string | undefined;
  /** HTTPS_PROXY and NO_PROXY. A host behind the proxy is checked by its name alone: the proxy resolves it. */
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
  /** Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Close it with `close()` (waits for requests) or `destroy()`. Refusals are `EgressRefused`; `explainNetworkError` puts any failure into words. */
export function createEgress(options: EgressOptions): Dispatcher {
  const { resolve = (host) => lookupWithSystem(host, { all: true }) } = options;
  const rules = createAddressRules(options.allowCidrs);
  const apiServer = bare(options.apiServerHost ?? "");

  /** The connection goes to an address of the answer that was checked, so a second, different answer changes nothing. */
  async function resolveChecked(host: string) {
    const [found, protectedAddresses] = await Promise.all([resolve(host), addressesOf(apiServer)]);
    for (const { address } of found) refuse(host, address, rules(address, protectedAddresses));
    return found;
  }

  async function addressesOf(host: string): Promise<readonly string[]> {
    if (host === "") return [];
    if (isIP(host) !== 0) return [host];
    try {
      return (await resolve(host)).map(({ address }) => address);
    } catch (error) {
      // A name without an address is reached by nobody; any other failure leaves open what must not be reached.
      if ((error as NodeJS.ErrnoException).code === "ENOTFOUND") return [];
      throw error;
    }
  }

  const lookup: LookupFunction = (host, { all }, done) => {
    resolveChecked(host).then(
      (found) => {
        const [first] = found;
        if (!first) done(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "");
        else if (all) done(null, [...found]);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, ""),
    );
  };

  const open = buildConnector({ lookup, timeout: CONNECT_TIMEOUT_MS, allowH2: false });
  const connect: typeof open = (target, done) => {
    const host = bare(target.hostname);
    // Node looks up no address that is written out.
    if (isIP(host) === 0) return open(target, done);
    resolveLiteral(host).then(
      () => open(target, done),
      (error: Error) => done(error, null),
    );
  };

  async function resolveLiteral(address: string): Promise<void> {
    refuse(address, address, rules(address, await addressesOf(apiServer)));
  }

  const agent = new EnvHttpProxyAgent({
    connect,
    allowH2: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Not undefined: undici would read the environment itself.
    httpProxy: "",
    httpsProxy: options.httpsProxy ?? "",
    noProxy: options.noProxy ?? "",
  });
  return options.httpsProxy ? agent.compose(checkNames(rules, apiServer)) : agent;
}

/** Before the proxy is asked: addresses that are written out, and the names that everywhere mean a refused address. */
function checkNames(rules: AddressRules, apiServer: string): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const host = bare(new URL(String(options.origin)).hostname).replace(/\.$/, "");
    try {
      if (host === apiServer)
        throw new EgressRefused(`${host} is the Kubernetes API server, to which the operator sends nothing on others' behalf`);
      const address = /(^|\.)localhost$/.test(host) ? "127.0.0.1" : host === "metadata.google.internal" ? "169.254.169.254" : host;
      if (isIP(address) !== 0) refuse(host, address, rules(address, isIP(apiServer) === 0 ? [] : [apiServer]));
    } catch (error) {
      handler.onResponseError?.(undefined as never, error as Error);
      return false;
    }
    return dispatch(options, handler);
  };
}

function refuse(host: string, address: string, what: string | undefined): void {
  if (what === undefined) return;
  const name = host === address ? address : `${host} has the address ${address}, which`;
  throw new EgressRefused(`${name} is ${what}, to which the operator does not connect; if that is meant, add it to EGRESS_ALLOW_CIDRS`);
}

/** Without the brackets of an IPv6 address in a URL. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}
