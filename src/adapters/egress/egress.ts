/** The one way out for everything over HTTP(S): registries, CI API, chat, https git. Options are passed in; NODE_EXTRA_CA_CERTS is read by Node itself. */
import { isIP, type LookupFunction } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { buildConnector, type Dispatcher, EnvHttpProxyAgent } from "undici";
import { type AddressRules, createAddressRules } from "./address-rules.ts";
import { bareHost, type CheckedAddressesOptions, createCheckedAddresses, requireAllowed } from "./checked-addresses.ts";
import { EgressRefused } from "./network-error.ts";
import { refuseCrumbs } from "./refuse-crumbs.ts";

export interface EgressOptions extends CheckedAddressesOptions {
  /** HTTPS_PROXY and NO_PROXY. A host behind the proxy is checked by its name alone: the proxy resolves it. */
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
  /** Authorities that are trusted beside Node's, in PEM. */
  readonly caPem?: string | undefined;
  /** At once to one host; default: any number. */
  readonly connections?: number;
  /** How long an unused connection is kept; default: undici's 4 s. */
  readonly keepAliveMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** Close it with `close()` (waits for requests) or `destroy()`. Refusals are `EgressRefused`; `explainNetworkError` puts any failure into words. */
export function createEgress(options: EgressOptions): Dispatcher {
  const addressesOf = createCheckedAddresses(options);

  const lookup: LookupFunction = (host, { all }, done) => {
    addressesOf(host).then(
      (found) => {
        const [first] = found;
        if (!first) done(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "");
        else if (all) done(null, [...found]);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, ""),
    );
  };

  const trusted = options.caPem === undefined ? {} : { secureContext: trusting(options.caPem) };
  const open = buildConnector({ lookup, timeout: CONNECT_TIMEOUT_MS, allowH2: false, ...trusted });
  const connect: typeof open = (target, done) => {
    const host = bareHost(target.hostname);
    // Node looks up no address that is written out.
    if (isIP(host) === 0) return open(target, done);
    addressesOf(host).then(
      () => open(target, done),
      (error: Error) => done(error, null),
    );
  };

  const agent = new EnvHttpProxyAgent({
    connect,
    allowH2: false,
    requestTls: trusted,
    ...(options.connections !== undefined && { connections: options.connections }),
    ...(options.keepAliveMs !== undefined && { keepAliveTimeout: options.keepAliveMs }),
    maxHeaderSize: MAX_HEADER_BYTES,
    // Not undefined: undici would read the environment itself.
    httpProxy: "",
    httpsProxy: options.httpsProxy ?? "",
    noProxy: options.noProxy ?? "",
  });
  const rules = createAddressRules(options.allowCidrs);
  const frugal = agent.compose(refuseCrumbs);
  return options.httpsProxy ? frugal.compose(checkNames(rules, bareHost(options.apiServerHost ?? ""))) : frugal;
}

/**
 * One for all connections, with Node's authorities as Node holds them: written out as `ca`, all of them would be parsed and held anew for each
 * connection, 24 ms of the event loop and 1.4 MB.
 */
function trusting(caPem: string): SecureContext {
  const made = createSecureContext();
  made.context.addCACert(caPem);
  return made;
}

/** Before the proxy is asked: addresses that are written out, and the names that everywhere mean a refused address. */
function checkNames(rules: AddressRules, apiServer: string): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const host = bareHost(new URL(String(options.origin)).hostname).replace(/\.$/, "");
    try {
      if (host === apiServer)
        throw new EgressRefused(`${host} is the Kubernetes API server, to which the operator sends nothing on others' behalf`);
      const address = /(^|\.)localhost$/.test(host) ? "127.0.0.1" : host === "metadata.google.internal" ? "169.254.169.254" : host;
      if (isIP(address) !== 0) requireAllowed(rules, host, address, isIP(apiServer) === 0 ? [] : [apiServer]);
    } catch (error) {
      handler.onResponseError?.(undefined as never, error as Error);
      return false;
    }
    return dispatch(options, handler);
  };
}
