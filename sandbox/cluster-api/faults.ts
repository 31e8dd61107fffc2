import { forbiddenRequest } from "./authorizer.ts";
import { type Request, type Response, send, sendTooManyRequests } from "./exchange.ts";
import type { Listener } from "./listener.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Reader } from "./read-objects.ts";
import { statusOf } from "./status.ts";
import type { Watches } from "./watch-objects.ts";

/** Which requests: a pattern on `METHOD /path?query`. */
type Which = RegExp;

/** Everything that goes wrong with API servers; each lasts until it is told otherwise. */
export interface Faults {
  /** Open connections are reset and no request is served until `recover`. */
  goDown(how?: "refuse" | "reset"): Promise<void>;
  recover(): Promise<void>;
  /** Resets the open connections, once. */
  resetConnections(): void;
  /** Matching requests are answered with this status code, 429 as the flow control of real servers does it; returns the end of it. */
  answer(code: number, which?: Which): () => void;
  /** Matching requests are never answered; returns the end of it. */
  hang(which?: Which): () => void;
  /** As in a server's first second, when it knows its users and not yet their roles: everything but health is forbidden; returns the end of it. */
  forgetRoles(): () => void;
  /** Clients over HTTP/2 are told to open another connection; what they asked on this one is still answered (`--goaway-chance`). */
  goAway(): void;
  /** Watches that are open now stay open and get nothing more. */
  silenceWatches(): void;
  /** Watches that are open now end as by their time-out. */
  endWatches(): void;
  /** A raw line into the open watches. */
  sendToWatches(line: string): void;
  /** The next watch from an old version gets 410: as HTTP status or as ERROR event. */
  dropHistory(form: "http" | "event"): void;
  expireContinueTokens(): void;
}

interface Injector {
  readonly faults: Faults;
  /** True when a fault has taken care of the request. */
  intercept(request: Request, response: Response): boolean;
}

export function createInjector(
  listener: () => Listener,
  store: ObjectStore,
  reader: Reader,
  watches: Watches,
  /** Who asks, in the words of a refusal. */
  user: string,
): Injector {
  type Answer = number | "hang" | "no roles";
  const rules = new Set<{ readonly which: Which; readonly code: Answer }>();

  function addRule(which: Which, code: Answer): () => void {
    const rule = { which, code };
    rules.add(rule);
    return () => rules.delete(rule);
  }

  return {
    faults: {
      goDown: (how = "refuse") => listener().stop(how),
      recover: () => listener().resume(),
      resetConnections: () => listener().resetConnections(),
      answer: (code, which = /./) => addRule(which, code),
      hang: (which = /./) => addRule(which, "hang"),
      forgetRoles: () => addRule(/^\w+ (?!\/(?:healthz|livez|readyz)\b)/, "no roles"),
      goAway: () => listener().goAway(),
      silenceWatches() {
        for (const watch of watches.open) watch.silence();
      },
      endWatches() {
        for (const watch of [...watches.open]) watch.end();
      },
      sendToWatches(line) {
        for (const watch of watches.open) watch.sendLine(line);
      },
      dropHistory(form) {
        watches.expiredForm = form;
        store.dropHistory();
      },
      expireContinueTokens: () => reader.expireContinueTokens(),
    },
    intercept(request, response) {
      for (const { which, code } of rules) {
        if (!which.test(`${request.method} ${request.url}`)) continue;
        if (code === "no roles") send(response, 403, forbiddenRequest(request, user).status);
        else if (code === 429) sendTooManyRequests(response);
        else if (code !== "hang") send(response, code, statusOf(code, `injected: ${code}`));
        return true;
      }
      return false;
    },
  };
}
