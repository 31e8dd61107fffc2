/** Secrets that a Deployment may name. What is read is counted, and kept out of every text until the release. */
import { parseCredential } from "./adapters/git/git-credential.ts";
import type { Config } from "./config.ts";
import type { Secrets } from "./core/cluster-ports.ts";
import type { Observer } from "./core/observer.ts";
import { createSecretBudget } from "./core/runs/secret-budget.ts";
import { type CredentialPorts, credentialFields, secretFields } from "./core/targets/read-credential.ts";
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

export function createReadSecrets({ config, secrets, redactor, observer, onKeyRead }: ReadSecretsOptions) {
  const takeBudget = createSecretBudget();

  function requireMay({ namespace }: Asker, ref: SecretRef): void {
    if (decideSecretRef(config.secretRefs, ref, namespace, config.operatorNamespace, config.secretNamespaces)) return;
    observer.secretDenied();
    throw secretDenied(ref, namespace);
  }

  function readSecretFor(asker: Asker, releases: DisposableStack) {
    return async (ref: SecretRef, field: string) => {
      requireMay(asker, ref);
      const read = await secrets.read(ref, field);
      releases.defer(takeBudget(asker.namespace, Buffer.byteLength(read.text)));
      releases.defer(redactor.watch(read.text));
      return read;
    };
  }

  /** Of the fields the secret ones are watched for, and user and password as they go over the wire. */
  function credentialsFor(asker: Asker, releases: DisposableStack): CredentialPorts {
    return {
      isStrict: config.secretRefs === "strict",
      parseCredential(kind, texts, ref) {
        const credential = parseCredential(kind, texts, ref);
        if (credential.kind === "token") releases.defer(redactor.watch(`${credential.username}:${credential.password}`));
        return credential;
      },
      async readCredential(ref, needed) {
        requireMay(asker, ref);
        const read = await secrets.readSome(ref, credentialFields, needed);
        const texts = Object.values(read.texts).filter((text) => text !== undefined);
        releases.defer(takeBudget(asker.namespace, Buffer.byteLength(texts.join(""))));
        for (const field of secretFields) if (read.texts[field] !== undefined) releases.defer(redactor.watch(read.texts[field]));
        onKeyRead?.(ref, read.allowedRepositories !== undefined);
        return read;
      },
    };
  }

  return { readSecretFor, credentialsFor };
}
