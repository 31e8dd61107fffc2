import { randomBytes } from "node:crypto";
import { type Request, readText } from "../cluster-api/exchange.ts";
import type { RegistryAuth, RegistryFault } from "../registry.ts";

export interface TokenEndpoint {
  serve(request: Request, url: URL): Promise<RegistryFault>;
  /** Whether the Authorization holds a token of ours for that scope. */
  allows(authorization: string | undefined, scope: string): boolean;
  revoke(): void;
}

/** Token authentication of Docker's distribution: GET with Basic, POST with a refresh token. */
export function createTokenEndpoint(auth: Extract<RegistryAuth, { kind: "bearer" }>): TokenEndpoint {
  const { username, password, identityToken, tokenField = "token", expiresInSeconds = 300 } = auth;
  const granted = new Map<string, { readonly scopes: readonly string[]; readonly until: number }>();

  async function serve(request: Request, url: URL): Promise<RegistryFault> {
    const form = request.method === "POST" ? new URLSearchParams(await readText(request)) : undefined;
    if (!isKnown(request.headers.authorization, form)) return { status: 401, body: JSON.stringify({ errors: [{ code: "UNAUTHORIZED" }] }) };
    const scopes = (form ?? url.searchParams).getAll("scope").flatMap((text) => text.split(" "));
    const token = randomBytes(16).toString("hex");
    granted.set(token, { scopes, until: Date.now() + expiresInSeconds * 1_000 });
    return { status: 200, body: JSON.stringify({ [tokenField]: token, expires_in: auth.expiresInSeconds }) };
  }

  function isKnown(authorization: string | undefined, form: URLSearchParams | undefined): boolean {
    if (form)
      return identityToken !== undefined && form.get("grant_type") === "refresh_token" && form.get("refresh_token") === identityToken;
    return username === undefined || authorization === basic(username, password ?? "");
  }

  return {
    serve,
    allows(authorization = "", scope) {
      const grant = granted.get(authorization.replace(/^Bearer /, ""));
      return grant !== undefined && grant.until > Date.now() && grant.scopes.includes(scope);
    },
    revoke: () => granted.clear(),
  };
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
