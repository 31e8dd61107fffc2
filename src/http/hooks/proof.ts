/** Whether an event comes from who knows the Secret: by the scheme that its headers name, over the raw bytes, in constant time. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { standardSignature } from "../../sharing/standard-webhooks.ts";

export interface HookSecret {
  /** Of `hook-secret`: any of them will do. */
  readonly secrets: readonly string[];
  /** Of `hook-path-token`. */
  readonly pathTokens: readonly string[];
}

interface Sent {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The last part of the path, where there is one. */
  readonly pathToken: string | undefined;
}

/** `signatures`: of a signed event, those that fit; the same event has the same again. */
type Proof = { readonly kind: "proved"; readonly signatures: readonly string[] } | { readonly kind: "unproved" };

/** How far a sender's clock may be off, as standardwebhooks.com has it. */
const MOST_SKEW_SECONDS = 300;
/** Of one event, while its sender rotates keys. */
const MOST_SIGNATURES = 16;

const UNPROVED: Proof = { kind: "unproved" };

/** `now`: milliseconds since 1970. Never throws. */
export function prove(sent: Sent, known: HookSecret, now: number): Proof {
  // The first that is named decides. An empty header names none: Gitea always sends one.
  for (const scheme of schemes) {
    const proof = scheme(sent, known, now);
    if (proof) return proof;
  }
  return UNPROVED;
}

type Scheme = (sent: Sent, known: HookSecret, now: number) => Proof | undefined;

/** GitLab 19 signs so. */
const standardWebhooks: Scheme = ({ headers, body }, { secrets }, now) => {
  const signature = headerOf(headers, "webhook-signature");
  if (signature === undefined) return undefined;
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  if (id === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return UNPROVED;
  if (Math.abs(now / 1_000 - Number(timestamp)) > MOST_SKEW_SECONDS) return UNPROVED;
  const given = signature
    .split(" ", MOST_SIGNATURES)
    .filter((part) => part.startsWith("v1,"))
    .map((part) => part.slice("v1,".length));
  const fitting = secrets.flatMap((secret) => {
    const expected = standardSignature(secret, { id, timestamp, body });
    return expected === undefined ? [] : given.filter((one) => isSame(one, expected)).slice(0, 1);
  });
  return signed(fitting);
};

/** GitHub, Gitea and Forgejo; Bitbucket in the older header, which GitHub fills with sha1: that is no proof. */
const hubSignature: Scheme = ({ headers, body }, { secrets }) => {
  const older = headerOf(headers, "x-hub-signature");
  const signature = headerOf(headers, "x-hub-signature-256") ?? (older?.startsWith("sha256=") ? older : undefined);
  if (signature === undefined) return undefined;
  const fitting = secrets.flatMap((secret) => {
    const expected = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    return isSame(signature.toLowerCase(), expected) ? [expected] : [];
  });
  return signed(fitting);
};

const gitLabToken: Scheme = ({ headers }, { secrets }) => {
  const token = headerOf(headers, "x-gitlab-token");
  return token === undefined ? undefined : known(token, secrets);
};

/** Bearer, Basic with the secret as password, or the secret alone: distribution, Harbor, Azure. */
const authorization: Scheme = ({ headers }, { secrets }) => {
  const text = headerOf(headers, "authorization");
  if (text === undefined) return undefined;
  const [, basic] = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(text) ?? [];
  if (basic !== undefined) {
    const login = Buffer.from(basic, "base64").toString();
    return known(login.slice(login.indexOf(":") + 1), secrets);
  }
  const [, bearer = text] = /^bearer +(\S+)$/i.exec(text) ?? [];
  return known(bearer, secrets);
};

/** For senders that can send no header: Docker Hub, Quay. */
const pathToken: Scheme = ({ pathToken: token }, { pathTokens }) => (token === undefined ? undefined : known(token, pathTokens));

const schemes: readonly Scheme[] = [standardWebhooks, hubSignature, gitLabToken, authorization, pathToken];

function signed(signatures: readonly string[]): Proof {
  return signatures.length === 0 ? UNPROVED : { kind: "proved", signatures };
}

function known(given: string, secrets: readonly string[]): Proof {
  // All are compared, so that the time tells nothing of which it was.
  return secrets.filter((secret) => isSame(given, secret)).length > 0 ? { kind: "proved", signatures: [] } : UNPROVED;
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  return headers[name]?.toString().trim() || undefined;
}
