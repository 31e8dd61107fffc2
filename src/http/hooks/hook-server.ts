/** `/hook/NAMESPACE/SECRET[/TOKEN]` and nothing else, on a port of its own (docs/ASSURANCE.md, S23 to S25). */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Audience } from "../../core/hints/audience.ts";
import type { Hint, HintKind } from "../../core/hints/hint.ts";
import { type Listener, matchHint } from "../../core/hints/match-hint.ts";
import type { EventBody } from "../../core/hints/read-event.ts";
import type { Log } from "../../core/ports.ts";
import type { SecretRef } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { ownerOf } from "../address-shares.ts";
import { createBodies, type Sender } from "./bodies.ts";
import { parseHookPath } from "./hook-path.ts";
import { createHookSecrets, type ReadHookSecret } from "./hook-secrets.ts";
import { prove } from "./proof.ts";
import { createProofBudget } from "./proof-budget.ts";
import { createRates } from "./rates.ts";
import { formOf } from "./read-body.ts";
import { createReplays } from "./replays.ts";

type HookResult = "accepted" | "duplicate" | "ignored" | "denied" | "limited" | "too_large";

export interface HookServerOptions {
  /** Throws what every event is refused with now. */
  readonly requireReady: () => void;
  /** Whom the events of a Secret may concern, to be asked for once one is proved; undefined: nobody names it, so it is not read. */
  readonly audience: (ref: SecretRef) => Audience | undefined;
  /** `share`: of whom it takes time. */
  readonly readEvent: (body: EventBody, share: string) => Promise<Hint>;
  readonly readSecret: ReadHookSecret;
  /** An event that was proved and concerns these. Returns at once. */
  readonly onEvent: (hint: Hint, listeners: readonly Listener[]) => void;
  readonly onRequest: (kind: HintKind, result: HookResult) => void;
  readonly log: Log;
}

interface Answer {
  readonly status: number;
  readonly body: object;
  /** None where it is a mistake of the caller's that is not counted. */
  readonly result?: HookResult;
  readonly kind?: HintKind;
  readonly headers?: Readonly<Record<string, string>>;
  /** Runs behind the answer. */
  readonly behind?: () => void;
}

const MOST_LIMITED_BYTES = 2 ** 20;
const DENIED = "no such hook, or the signature does not fit; compare the Secret's hook-secret with the sender's";

export function createHookListener(options: HookServerOptions): RequestListener {
  const { audience, readEvent, requireReady, onEvent, onRequest, log } = options;
  const nobody = { secrets: [randomBytes(16).toString("hex")], pathTokens: [] };
  const secretOf = createHookSecrets(options.readSecret, nobody, (ref, error) => {
    log.warn({ secret: `${ref.namespace}/${ref.name}`, error: error.message }, "Secret of a hook can't be used");
  });
  const bodies = createBodies();
  const mayBeProved = createProofBudget();
  const isReplayed = createReplays(() => performance.now());
  /** Of proved ones alone, so that forgers silence nobody. */
  const events = createRates({ perSecond: 10, burst: 50, mostBytes: MOST_LIMITED_BYTES });
  /** In one group: of a crowd with made-up addresses the oldest are forgotten, and none is searched for. */
  const failures = createRates({ perSecond: 1, burst: 10, mostBytes: MOST_LIMITED_BYTES });

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    const path = parseHookPath(request.url ?? "");
    if (!path) return refusal(404, "no such path; there is /hook/NAMESPACE/SECRET");
    if (request.method !== "POST") return { ...refusal(405, "method not allowed; use POST"), headers: { allow: "POST" } };
    requireReady();
    const { ref, token } = path;
    const secret = `${ref.namespace}/${ref.name}`;
    const from = senderOf(request);
    const sender = `${from.address} ${from.behind}`;
    const failureKey = `${secret} ${sender}`;
    if (!failures.has(failureKey)) return limited("too many events that do not fit came from this address");
    using body = await bodies.receive(request, from);
    if (body.kind === "too_large") return { ...refusal(413, "the body is longer than 2 MiB"), result: "too_large" };
    if (body.kind === "late") return refusal(408, "the body did not arrive within 5 s");
    if (body.kind === "full") return { ...refusal(503, "too many events at once"), headers: { "retry-after": "1" }, result: "limited" };
    const form = formOf(request.headers["content-type"], body.bytes);
    if (!form) return refusal(415, "send JSON, or a form with the field payload");

    if (!mayBeProved(from, body.bytes.length)) return limited("too many long events came from this address");
    const concerned = audience(ref);
    const known = concerned ? await secretOf(ref, concerned.share) : nobody;
    const proof = prove({ headers: request.headers, body: body.bytes, pathToken: token }, known, Date.now());
    if (!concerned || proof.kind === "unproved") {
      failures.take(failureKey, "");
      return { ...refusal(401, DENIED), result: "denied" };
    }
    if (!events.take(secret, secret)) return limited("more than 10 events a second came for this Secret");
    if (isReplayed(secret, proof.signatures)) return ignored("other", "duplicate", "duplicate");
    const listeners = concerned.listeners();
    const hint = await readEvent({ bytes: body.bytes, form }, shareOf(secret, listeners));
    const match = matchHint(hint, listeners);
    if (match.kind === "nothing") return ignored(hint.kind, match.why);
    return {
      ...{ status: 202, body: { deployments: match.listeners.length }, kind: hint.kind, result: "accepted" },
      behind: () => onEvent(hint, match.listeners),
    };
  }

  return (request, response) => {
    answerTo(request)
      .catch((error: unknown) => failure(error, log))
      .then((answer) => {
        if (answer.result !== undefined) onRequest(answer.kind ?? "other", answer.result);
        send(request, response, answer);
        answer.behind?.();
      })
      .catch((error: unknown) => log.error({ err: error }, "Event failed"));
  };
}

/** By the connection, and where an Ingress hands it on, by the address that it adds: one that a caller makes up is that caller's alone. */
function senderOf(request: IncomingMessage): Sender {
  const forwarded = request.headers["x-forwarded-for"]?.toString().split(",").at(-1)?.trim().slice(0, 45) ?? "";
  return { address: ownerOf(request.socket.remoteAddress ?? ""), behind: ownerOf(forwarded) };
}

/** That of the namespace whose events they are; where several name the Secret, no one of them pays for all. */
function shareOf(secret: string, [first, ...others]: readonly Listener[]): string {
  const namespace = first?.target.namespace;
  return namespace !== undefined && others.every(({ target }) => target.namespace === namespace) ? namespace : `events of ${secret}`;
}

function refusal(status: number, error: string): Answer {
  return { status, body: { error } };
}

function limited(error: string): Answer {
  return { ...refusal(429, `${error}; it is tried again later`), headers: { "retry-after": "1" }, result: "limited" };
}

function ignored(kind: HintKind, why: string, result: HookResult = "ignored"): Answer {
  return { status: 202, body: { deployments: 0, ignored: why }, kind, result };
}

function failure(error: unknown, log: Log): Answer {
  const code = error instanceof ReconcileError ? error.code : undefined;
  const isForNow = code === "cluster_unsynced" || code === "shutdown" || code?.startsWith("secret_");
  if (isForNow) return { ...refusal(503, "not ready; send it again later"), headers: { "retry-after": "5" } };
  log.error({ err: error }, "Event failed");
  return refusal(500, "internal error; see the operator's log");
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, headers }: Answer): void {
  const json = Buffer.from(JSON.stringify(body));
  // What has not arrived by now is not wanted any more.
  const end = request.complete ? {} : { connection: "close" };
  response.writeHead(status, { "content-type": "application/json", "content-length": json.length, ...headers, ...end }).end(json);
}
