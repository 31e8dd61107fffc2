/** `gitops-operator keygen`: a new SSH key for git, in a file or, when that is asked for, in the cluster. Its private half is never printed. */
import { open } from "node:fs/promises";
import { createSecret } from "../adapters/kubernetes/create-secret.ts";
import { createKubeClient } from "../adapters/kubernetes/kube-client.ts";
import { loadKubeConfig } from "../adapters/kubernetes/load-kube-config.ts";
import { newSshKey, publicHalf } from "../adapters/ssh/public-half.ts";
import type { Values } from "../commands/parse-command-line.ts";
import { type ExitCode, Misuse, type Terminal } from "../commands/terminal.ts";
import { isLabelName, isObjectName } from "../core/kubernetes-names.ts";
import type { SecretRef } from "../core/types.ts";
import { whereToPaste } from "./where-to-paste.ts";

const FIELD = "ssh-privatekey";
/** What else than the operator could mean by the namespace is in the environment of a Pod. */
const usualNamespace = "gitops-operator";

export async function keygenCommand(values: Values<"keygen">, { env, print }: Terminal): Promise<ExitCode> {
  const { name, apply = false, context } = values;
  const namespace = values.namespace ?? env.OPERATOR_NAMESPACE ?? usualNamespace;
  if (!isObjectName(name)) throw new Misuse("--name is no name of a Secret (lower-case letters, digits, '-' and '.', at most 253)");
  if (!isLabelName(namespace)) throw new Misuse("--namespace is no name of a namespace (lower-case letters, digits and '-', at most 63)");
  if (apply && values.file !== undefined)
    throw new Misuse("with --apply the key is put into the cluster and nowhere else; leave out --file");
  if (!apply && context !== undefined) throw new Misuse("--context names a cluster, which only --apply writes to");
  const ref = { namespace, name };
  const key = newSshKey();
  const stored = apply ? await putIntoCluster(ref, key, env.KUBECONFIG, context) : await putIntoFile(ref, key, values.file ?? `./${name}`);
  print(`${publicHalf(key, `gitops-operator/${namespace}/${name}`)}

${stored}

The line above is the public key. Register it where the application's repository lets it read, and the manifests' write:

${whereToPaste}

Name it in the Deployment: gitops.operator.ssh_key_name: ${name}, gitops.operator.ssh_key_namespace: ${namespace}
(a second key, for the manifests alone: manifest_ssh_key_name and manifest_ssh_key_namespace).`);
  return 0;
}

async function putIntoCluster(ref: SecretRef, key: string, kubeconfig: string | undefined, context: string | undefined): Promise<string> {
  const config = await loadKubeConfig(kubeconfig, context);
  const client = createKubeClient(config);
  try {
    await createSecret(client, ref, { [FIELD]: key });
  } finally {
    client.close();
  }
  return `Its private half is in Secret ${ref.namespace}/${ref.name} of ${config.getCurrentCluster()?.server}, and nowhere else.`;
}

async function putIntoFile({ namespace, name }: SecretRef, key: string, file: string): Promise<string> {
  // Neither an existing file nor what a link leads to is written.
  const handle = await open(file, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") throw new Misuse(`${file} exists, and was left as it is; give another --file`);
    throw new Misuse(`${file} can't be written (${error.code}); give another --file`);
  });
  try {
    await handle.writeFile(key);
  } finally {
    await handle.close();
  }
  return `The private key is in ${file}, which only you can read. Put it into the cluster, and then delete the file:

  kubectl --namespace ${namespace} create secret generic ${name} --from-file=${FIELD}=${quoted(file)}`;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
