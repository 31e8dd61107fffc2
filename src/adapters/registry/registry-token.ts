import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";
import type { HttpReply } from "../egress/http-request.ts";
import type { Credentials } from "./docker-config.ts";
import { type ExchangeLimits, exchange, type Unavailable, unavailable } from "./exchange.ts";

interface RegistryToken {
  readonly kind: "token";
  readonly token: string;
  readonly lifetimeMs: number;
}

/** What the specification of the token endpoint says when it does not tell: distribution, "Token Authentication". */
const DEFAULT_LIFETIME_S = 60;

/** Far more than any: those of cloud registries take 3 KB, and Azure's itself refuses 6 (Azure/acr#797). */
const MOST_TOKEN_CHARACTERS = 16 * 1024;

const answer = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z.number().nonnegative().nullish(),
});

/** A reply that is no 200 is handed back as it is. */
export async function fetchToken(
  realm: URL,
  service: string | undefined,
  scope: string,
  credentials: Credentials | undefined,
  limits: ExchangeLimits,
): Promise<RegistryToken | HttpReply | Unavailable> {
  const reply =
    credentials?.kind === "identity"
      ? await exchange(refreshQuestion(realm, service, scope, credentials.token), limits)
      : await exchange({ method: "GET", url: tokenUrl(realm, service, scope), headers: basicHeader(credentials) }, limits);
  if (reply.kind !== "answer" || reply.status !== 200) return reply;
  return parseToken(reply.text) ?? unavailable(`${realm.host} answers without a usable token; check that the registry's URL is right`);
}

export function basicHeader(credentials: Credentials | undefined): Readonly<Record<string, string>> {
  if (credentials?.kind !== "password") return {};
  const { username, password } = credentials;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

function tokenUrl(realm: URL, service: string | undefined, scopes: string): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes.split(/\s+/).filter(Boolean)) url.searchParams.append("scope", scope);
  return url;
}

/** RFC 6749 §6, as docker does with an `identitytoken`. */
function refreshQuestion(realm: URL, service: string | undefined, scope: string, refreshToken: string) {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "gitops-operator", refresh_token: refreshToken, scope });
  if (service !== undefined) form.set("service", service);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { method: "POST", url: realm, headers, body: form.toString() } as const;
}

function parseToken(text: string): RegistryToken | undefined {
  const { data } = answer.safeParse(parseJson(text));
  const token = data?.token || data?.access_token;
  // Whatever else would not be one header value.
  if (!token || token.length > MOST_TOKEN_CHARACTERS || !/^[\x21-\x7e]+$/.test(token)) return undefined;
  return { kind: "token", token, lifetimeMs: (data?.expires_in ?? DEFAULT_LIFETIME_S) * 1_000 };
}
