/** `.dockerconfigjson` as `docker login` and `kubectl create secret docker-registry` write it, and the older `.dockercfg`. */
import { z } from "zod";
import { parseJson } from "../../text/parse-json.ts";
import { withoutLast } from "../../text/without-last.ts";
import { hostOfKey, matchesHost } from "./registry-address.ts";

export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, as Azure's registry hands out. */
  | { readonly kind: "identity"; readonly token: string };

type DockerConfig = readonly { readonly key: string; readonly credentials: Credentials }[];

const entry = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
});
const anyMembers = z.record(z.string(), z.unknown());
const entriesByKey = z.record(z.string(), entry.nullable());
const REMEDY = "write it with kubectl create secret docker-registry";

/** A problem names the entry at most, never its content. */
export function parseDockerConfig(text: string): DockerConfig | { readonly problem: string } {
  const json = parseJson(text);
  if (json === undefined) return { problem: `.dockerconfigjson is not JSON; ${REMEDY}` };
  const found = entriesOf(json);
  if (!found) return { problem: `.dockerconfigjson has no usable form; ${REMEDY}` };
  const config: DockerConfig[number][] = [];
  for (const [index, [key, value]] of Object.entries(found).entries()) {
    const parsed = credentialsOf(value);
    if (parsed === "malformed") {
      const name = hostOfKey(key, "https:") ?? `number ${index + 1}`;
      return { problem: `.dockerconfigjson: 'auth' of entry ${name} is not base64 of user:password; ${REMEDY}` };
    }
    if (parsed) config.push({ key, credentials: parsed });
  }
  return config;
}

function entriesOf(json: unknown): z.infer<typeof entriesByKey> | undefined {
  const members = anyMembers.safeParse(json).data;
  if (!members) return undefined;
  if (Object.hasOwn(members, "auths")) return entriesByKey.safeParse(members.auths ?? {}).data;
  // `.dockercfg` has the entries at the top; docker's settings beside them hold no credentials.
  const objects = Object.entries(members).filter(([, value]) => typeof value === "object" && !Array.isArray(value));
  return entriesByKey.safeParse(Object.fromEntries(objects)).data;
}

/** Undefined: an empty entry, as a credential helper leaves it: anonymous. */
function credentialsOf(value: z.infer<typeof entry> | null): Credentials | "malformed" | undefined {
  if (!value) return undefined;
  if (value.identitytoken) return { kind: "identity", token: value.identitytoken };
  if (value.auth) {
    const [, username, password] = /^([^:]*):([\s\S]*)$/.exec(decodeBase64(value.auth) ?? "") ?? [];
    if (username === undefined || password === undefined) return "malformed";
    return { kind: "password", username, password };
  }
  if (!value.username && !value.password) return undefined;
  return { kind: "password", username: value.username ?? "", password: value.password ?? "" };
}

function decodeBase64(text: string): string | undefined {
  const packed = text.replace(/\s/g, "");
  if (!/^[\w+/-]+={0,2}$/.test(packed)) return undefined;
  // Old versions of docker padded the password with NUL.
  return withoutLast(Buffer.from(packed, "base64").toString(), "\0");
}

/**
 * By the host that is connected to. Of several entries for it the one with the longest path that leads to the image, then one for the
 * host as a whole. Keys with `*` as the kubelet reads them (pkg/credentialprovider): behind those that are written out, the one with the
 * longest path and then with most letters first. Last of all a key of the host for another path.
 */
export function findCredentials(config: DockerConfig, registry: URL, repository: string): Credentials | undefined {
  const imagePath = `${withoutLast(registry.pathname, "/")}/${repository}/`;
  let best: { readonly rank: readonly number[]; readonly credentials: Credentials } | undefined;
  for (const { key, credentials } of config) {
    const host = hostOfKey(key, registry.protocol);
    const isExact = host === registry.host;
    if (host === undefined || !(isExact || matchesHost(host, registry))) continue;
    const path = pathOfKey(key);
    const leads = path === "" || imagePath.startsWith(`${path}/`);
    if (!leads && !isExact) continue;
    const rank = leads ? [isExact ? 2 : 1, path.length, host.replaceAll("*", "").length] : [0];
    if (!best || isHigher(rank, best.rank)) best = { rank, credentials };
  }
  return best?.credentials;
}

function isHigher(rank: readonly number[], than: readonly number[]): boolean {
  const at = rank.findIndex((value, index) => value !== than[index]);
  return at >= 0 && (rank[at] ?? 0) > (than[at] ?? 0);
}

/** Without what stands for the API's version: `https://index.docker.io/v1/` is the whole host. */
function pathOfKey(key: string): string {
  const [, path = ""] = /^(?:[a-z]+:\/\/)?[^/]*(\/.*)?$/i.exec(key) ?? [];
  return withoutLast(path, "/").replace(/^\/v[12]$/, "");
}
