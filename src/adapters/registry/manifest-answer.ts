/** What a 200 for a manifest is worth: it counts only when something in it is a registry's own. */
import { isDigest } from "../../core/image.ts";
import type { ImageAnswer } from "../../core/ports.ts";
import type { Hashed, HttpReply } from "../egress/http-request.ts";
import { unavailable } from "./exchange.ts";

export const MANIFEST_TYPES: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
/** As long as the largest manifest that a registry has to take: distribution specification 1.1, "Pushing Manifests". */
export const HASHED_MANIFEST: Hashed = {
  algorithmOf: ({ status, headers }) => (status === 200 ? algorithmOf(digestIn(headers)) : undefined),
  maxBytes: 4 * 2 ** 20,
};

/** "unsaid": the headers do not tell whether it is a manifest, which specification 1.1 lets an answer to HEAD do. */
export function manifestAnswer({ headers, hash }: HttpReply, host: string, method: "HEAD" | "GET"): ImageAnswer | "unsaid" {
  const mediaType = mediaTypeOf(headers["content-type"]);
  // A login page or a captive portal says 200 to everything.
  if (/html/.test(mediaType)) return unavailable(`${host} answers with a web page; check that the URL is a registry's`);
  const digest = digestIn(headers);
  if (digest === undefined && !MANIFEST_TYPES.includes(mediaType)) return "unsaid";
  if (method === "HEAD") return { kind: "found", digest };
  if (hash === undefined) return "unsaid";
  const counted = `${algorithmOf(digest)}:${hash}`;
  if (digest !== undefined && digest !== counted)
    return unavailable(`${host} tells a digest that is not its manifest's; check what stands between the operator and the registry`);
  return { kind: "found", digest: counted };
}

function digestIn(headers: HttpReply["headers"]): string | undefined {
  const told = headers["docker-content-digest"];
  return typeof told === "string" && isDigest(told) ? told : undefined;
}

function algorithmOf(digest = "sha256:"): string {
  return digest.slice(0, digest.indexOf(":"));
}

function mediaTypeOf(contentType: string | string[] | undefined): string {
  const [mediaType = ""] = String(contentType ?? "").split(";", 1);
  return mediaType.trim().toLowerCase();
}
