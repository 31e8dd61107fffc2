/** Secrets that a Deployment may name. What is read is counted, and kept out of every text until the release. */
import { parseCredential } from "./adapters/git/git-credential.ts";
import type { Config } from "./config.ts";
import type { Secrets, SecretTexts } from "./core/cluster-ports.ts";
import type { ChatSecrets } from "./core/news/announcer.ts";
import type { Observer } from "./core/observer.ts";
import type { ReconcilePorts } from "./core/reconcile.ts";
import { createSecretBudget } from "./core/runs/secret-budget.ts";
import { type CredentialPorts, credentialFields, secretFields } from "./core/targets/read-credential.ts";
import type { ForgeLoginPorts } from "./core/targets/read-forge-login.ts";
import { signingFields } from "./core/targets/read-signing.ts";
import { decideSecretRef, secretDenied } from "./core/targets/secret-scope.ts";
import type { SecretRef, Target } from "./core/types.ts";
import { secretLines } from "./sharing/standard-webhooks.ts";
import type { Redactor } from "./telemetry/redact.ts";

interface ReadSecretsOptions {
  readonly config: Pick<Config, "secretRefs" | "operatorNamespace" | "secretNamespaces">;
  readonly secrets: Secrets;
  readonly redactor: Redactor;
  readonly observer: Pick<Observer, "secretDenied">;
  /** Of a Secret that opens repositories: whether it says which. */
  readonly onKeyRead: ((ref: SecretRef, isBound: boolean) => void) | undefined;
}

interface Question {
  readonly fields: readonly string[];
  /** Said to be missing where none of them is there. */
  readonly needed: string;
  /** Those that nobody may see. */
  readonly hidden: readonly string[];
}

interface SecretReaders extends CredentialPorts, ForgeLoginPorts, ChatSecrets, Pick<ReconcilePorts, "readSecret" | "readSigningSecret"> {}

export function createSecretReaders({ config, secrets, redactor, observer, onKeyRead }: ReadSecretsOptions) {
  const takeBudget = createSecretBudget();

  return function secretsFor({ namespace }: Pick<Target, "namespace">, releases: DisposableStack): SecretReaders {
    async function read(ref: SecretRef, { fields, needed, hidden }: Question): Promise<SecretTexts> {
      if (!decideSecretRef(config.secretRefs, ref, namespace, config.operatorNamespace, config.secretNamespaces)) {
        observer.secretDenied();
        throw secretDenied(ref, namespace);
      }
      const found = await secrets.read(ref, fields, needed);
      for (const text of Object.values(found.texts)) releases.defer(takeBudget(namespace, Buffer.byteLength(text ?? "")));
      for (const field of hidden) if (found.texts[field] !== undefined) releases.defer(redactor.watch(found.texts[field]));
      return found;
    }

    return {
      isStrict: config.secretRefs === "strict",
      async readSecret(ref, field) {
        const { texts, allowedRepositories } = await read(ref, { fields: [field], needed: field, hidden: [field] });
        return { text: texts[field] as string, allowedRepositories };
      },
      readSigningSecret: (ref) => read(ref, { fields: signingFields, needed: signingFields[0], hidden: [signingFields[0]] }),
      async readChat(ref) {
        const hidden = ["webhook-url", "hook-secret"];
        const { texts } = await read(ref, { fields: [...hidden, "format"], needed: "webhook-url", hidden });
        const { format, "webhook-url": webhookUrl = "", "hook-secret": hookSecret } = texts;
        return { format, address: { webhookUrl, hookSecrets: hookSecret === undefined ? undefined : secretLines(hookSecret) } };
      },
      async readCredential(ref, needed) {
        const found = await read(ref, { fields: credentialFields, needed, hidden: secretFields });
        onKeyRead?.(ref, found.allowedRepositories !== undefined);
        return found;
      },
      readForgeSecret: (ref, fields, needed) => read(ref, { fields, needed, hidden: [needed, ...secretFields] }),
      /** User and password are watched for as they go over the wire, too. */
      parseCredential(kind, texts, ref) {
        const credential = parseCredential(kind, texts, ref);
        if (credential.kind === "token") releases.defer(redactor.watch(`${credential.username}:${credential.password}`));
        return credential;
      },
    };
  };
}
