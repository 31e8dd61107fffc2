/** Secrets that a Deployment may name. What is read is counted, and kept out of every text until the release. */
import { parseCredential } from "./adapters/git/git-credential.ts";
import type { Config } from "./config.ts";
import type { SecretField, Secrets, SecretTexts } from "./core/cluster-ports.ts";
import type { Observer } from "./core/observer.ts";
import { createSecretBudget } from "./core/runs/secret-budget.ts";
import { type CredentialPorts, credentialFields, secretFields } from "./core/targets/read-credential.ts";
import type { ForgeLoginPorts } from "./core/targets/read-forge-login.ts";
import { type SigningPorts, signingFields } from "./core/targets/read-signing.ts";
import { decideSecretRef, secretDenied } from "./core/targets/secret-scope.ts";
import type { SecretRef, Target } from "./core/types.ts";
import type { Redactor } from "./telemetry/redact.ts";

interface ReadSecretsOptions {
  readonly config: Pick<Config, "secretRefs" | "operatorNamespace" | "secretNamespaces">;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly observer: Pick<Observer, "secretDenied">;
  /** Of a Secret that opens repositories: whether it says which. */
  readonly onKeyRead: ((ref: SecretRef, isBound: boolean) => void) | undefined;
}

type Asker = Pick<Target, "namespace">;

interface Question {
  readonly fields: readonly string[];
  /** Said to be missing where none of them is there. */
  readonly needed: string;
  /** Those that nobody may see. */
  readonly hidden: readonly string[];
}

export function createReadSecrets({ config, secrets, redactor, observer, onKeyRead }: ReadSecretsOptions) {
  const takeBudget = createSecretBudget();

  function requireMay({ namespace }: Asker, ref: SecretRef): void {
    if (decideSecretRef(config.secretRefs, ref, namespace, config.operatorNamespace, config.secretNamespaces)) return;
    observer.secretDenied();
    throw secretDenied(ref, namespace);
  }

  async function readFields(asker: Asker, releases: DisposableStack, ref: SecretRef, question: Question): Promise<SecretTexts> {
    requireMay(asker, ref);
    const { fields, needed, hidden } = question;
    const read = await secrets.read(ref, fields, needed);
    for (const text of Object.values(read.texts)) releases.defer(takeBudget(asker.namespace, Buffer.byteLength(text ?? "")));
    for (const field of hidden) if (read.texts[field] !== undefined) releases.defer(redactor.watch(read.texts[field]));
    return read;
  }

  function readSecretFor(asker: Asker, releases: DisposableStack) {
    return async (ref: SecretRef, field: string): Promise<SecretField> => {
      const { texts, allowedRepositories } = await readFields(asker, releases, ref, { fields: [field], needed: field, hidden: [field] });
      return { text: texts[field] as string, allowedRepositories };
    };
  }

  function readSigningFor(asker: Asker, releases: DisposableStack): SigningPorts["readSigningSecret"] {
    const [key] = signingFields;
    return (ref) => readFields(asker, releases, ref, { fields: signingFields, needed: key, hidden: [key] });
  }

  function readChatFor(asker: Asker, releases: DisposableStack) {
    return async (ref: SecretRef) => {
      const question = { fields: ["webhook-url", "format", "hook-secret"], needed: "webhook-url", hidden: ["webhook-url", "hook-secret"] };
      const { texts } = await readFields(asker, releases, ref, question);
      return { format: texts.format, address: { webhookUrl: texts["webhook-url"] as string, hookSecret: texts["hook-secret"] } };
    };
  }

  /** User and password are watched for as they go over the wire, too. */
  function credentialsFor(asker: Asker, releases: DisposableStack): CredentialPorts & ForgeLoginPorts {
    return {
      isStrict: config.secretRefs === "strict",
      parseCredential(kind, texts, ref) {
        const credential = parseCredential(kind, texts, ref);
        if (credential.kind === "token") releases.defer(redactor.watch(`${credential.username}:${credential.password}`));
        return credential;
      },
      async readCredential(ref, needed) {
        const read = await readFields(asker, releases, ref, { fields: credentialFields, needed, hidden: secretFields });
        onKeyRead?.(ref, read.allowedRepositories !== undefined);
        return read;
      },
      readForgeSecret: (ref, fields, needed) => readFields(asker, releases, ref, { fields, needed, hidden: [needed, ...secretFields] }),
    };
  }

  return { readSecretFor, readChatFor, readSigningFor, credentialsFor };
}
