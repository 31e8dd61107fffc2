/** The fields of a Secret as what opens a repository. Messages name the field and never hold a byte of it. */
import { createHmac, randomBytes, X509Certificate } from "node:crypto";
import type { GitCredential, GitHubApp, TokenLogin } from "../../core/git-ports.ts";
import type { SecretRef } from "../../core/types.ts";
import { ReconcileError } from "../../errors.ts";
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { unprintable } from "../../text/escape.ts";
import { parseSshKey } from "../ssh/ssh-key.ts";

type Texts = Readonly<Partial<Record<string, string>>>;

const hashKey = randomBytes(32);
/** Each costs the event loop a moment, and each connection has all of them at hand: those that signed the host's, with the ones above them. */
const MOST_AUTHORITIES = 32;
/** By a keyed hash of a text, what is wrong with its authorities; empty: nothing. */
const judged = createBoundedMap<string>(2 ** 19, (why) => 2 * why.length);
const certificateForm = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;
/** Numbers, and the client ids that GitHub has begun to give Apps. */
const appIdForm = /^[A-Za-z0-9._-]{1,64}$/;

export function parseCredential(kind: GitCredential["kind"], texts: Texts, secret: SecretRef): GitCredential {
  if (kind === "key") return parseSshKey(fieldOf(texts, "ssh-privatekey", secret), secret);
  const caPem = readAuthorities(texts["ca.crt"], secret);
  return kind === "token" ? readTokenLogin(texts, caPem, secret) : readApp(texts, caPem, secret);
}

/** A line break at the end comes from the command line, not from the forge. */
function readTokenLogin(texts: Texts, caPem: string | undefined, secret: SecretRef): TokenLogin {
  const [username, password] = ["username", "password"].map((field) => fieldOf(texts, field, secret).trim()) as [string, string];
  for (const [field, text] of Object.entries({ username, password })) {
    if (text === "") throw unusable(secret, field, "is empty");
    if (unprintable.test(text)) throw unusable(secret, field, "holds a line break, a control or an invisible character");
  }
  if (username.includes(":")) throw unusable(secret, "username", "holds a colon, which no user name over https may");
  return { kind: "token", id: idOf("token", username, password, caPem), username, password, caPem, secret };
}

function readApp(texts: Texts, caPem: string | undefined, secret: SecretRef): GitHubApp {
  const appId = fieldOf(texts, "githubAppID", secret).trim();
  const installationId = fieldOf(texts, "githubAppInstallationID", secret).trim();
  if (!appIdForm.test(appId)) throw unusable(secret, "githubAppID", "is no number of an App");
  if (!/^\d{1,20}$/.test(installationId)) throw unusable(secret, "githubAppInstallationID", "is no number of an installation");
  const from = { what: "the GitHub App's key", field: "githubAppPrivateKey" };
  const { id, privateKey } = parseSshKey(fieldOf(texts, from.field, secret), secret, from);
  if (!privateKey.startsWith("-----BEGIN RSA ")) throw unusable(secret, from.field, "is no RSA key, which those of GitHub Apps are");
  // With the key's own id: whoever knows the two numbers alone shares nothing with the App.
  return { kind: "app", id: idOf("app", appId, installationId, id, caPem), appId, installationId, privateKey, caPem, secret };
}

function readAuthorities(text: string | undefined, secret: SecretRef): string | undefined {
  if (text === undefined) return undefined;
  const found = text.match(certificateForm) ?? [];
  const hash = createHmac("sha256", hashKey).update(text).digest("base64");
  const why = judged.get(hash) ?? whyNoAuthorities(found);
  judged.set(hash, why, secret.namespace);
  if (why !== "") throw unusable(secret, "ca.crt", why);
  return found.join("\n");
}

function whyNoAuthorities(found: readonly string[]): string {
  if (found.length === 0) return "holds no certificate (-----BEGIN CERTIFICATE-----)";
  if (found.length > MOST_AUTHORITIES)
    return `holds more than ${MOST_AUTHORITIES} certificates, of which only the host's authorities are needed`;
  try {
    for (const pem of found) new X509Certificate(pem);
  } catch {
    return "holds a certificate that is damaged";
  }
  return "";
}

function fieldOf(texts: Texts, field: string, { namespace, name }: SecretRef): string {
  const text = texts[field];
  if (text !== undefined) return text;
  throw new ReconcileError(
    "secret_field_missing",
    `Failed to read field: ${field} in data of Secret ${namespace}/${name}; add it, as its other fields need it`,
  );
}

function unusable({ namespace, name }: SecretRef, field: string, why: string): ReconcileError {
  return new ReconcileError("credential_invalid", `Secret ${namespace}/${name}: field ${field} ${why}; recreate the Secret`);
}

/** Safe to log: the hash has a key of this process. */
function idOf(...parts: readonly (string | undefined)[]): string {
  return `${parts[0]}:${createHmac("sha256", hashKey).update(JSON.stringify(parts)).digest("base64url")}`;
}
