import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { parse } from "yaml";
import { resourceRoot } from "./discovery.ts";
import { type Kind, kinds } from "./kinds.ts";
import { Refusal } from "./status.ts";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** What a path names: a kind, in one namespace or all, one object or all. */
export interface Target {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** `/apis/apps/v1/namespaces/NS/deployments/NAME` and its shorter forms; undefined for anything else. */
export function parseTarget(path: string): Target | undefined {
  for (const root of new Set(kinds.map(resourceRoot))) {
    if (!path.startsWith(`${root}/`)) continue;
    const parts = path
      .slice(root.length + 1)
      .split("/")
      .map(decodeURIComponent);
    const namespace = parts[0] === "namespaces" && parts.length > 2 ? parts[1] : undefined;
    const [plural, name, ...rest] = namespace === undefined ? parts : parts.slice(2);
    const kind = kinds.find((candidate) => candidate.plural === plural && resourceRoot(candidate) === root);
    if (kind && rest.length === 0) return { kind, namespace, name };
  }
  return undefined;
}

export function isWatch(query: URLSearchParams): boolean {
  return /^(?:1|true)$/.test(query.get("watch") ?? "");
}

export async function readText(request: Request): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Keys in the order of the object, and what HTML might take for markup escaped: the way of Go's encoder, with which one `<` takes six bytes. */
export function encode(value: object): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The body as data; `kubectl apply` sends JSON, server-side apply YAML. `kubectl create` sends protobuf and nothing else. */
export async function readBody(request: Request): Promise<Record<string, unknown>> {
  const type = String(request.headers["content-type"] ?? "application/json");
  if (!/json|yaml|protobuf/.test(type)) throw new Refusal(415, `the body of the request was in an unknown format: ${type}`);
  if (type.includes("protobuf")) {
    throw new Refusal(415, "this server takes JSON and YAML only: add `--dry-run=client -o yaml | kubectl apply -f -` to the command");
  }
  const text = await readText(request);
  let body: unknown;
  try {
    body = parse(text);
  } catch (error) {
    throw new Refusal(400, `the body of the request is malformed: ${(error as Error).message}`);
  }
  if (typeof body !== "object" || body === null) throw new Refusal(400, "the body of the request is not an object");
  return body as Record<string, unknown>;
}

/** The flow control of real servers answers in plain text, not with a Status. */
export function sendTooManyRequests(response: Response): void {
  const headers = { "retry-after": "1", "x-content-type-options": "nosniff" };
  send(response, 429, "Too many requests, please try again later.\n", "text/plain; charset=utf-8", headers);
}

export function send(
  response: Response,
  code: number,
  body: object | string,
  contentType = "application/json",
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.writableEnded || response.destroyed) return;
  const text = typeof body === "string" ? body : encode(body);
  // The two classes have the same method with different overloads, which TypeScript cannot join.
  (response as ServerResponse).writeHead(code, { ...headers, "content-type": contentType, "content-length": Buffer.byteLength(text) });
  (response as ServerResponse).end(text);
}
