import { stringify } from "yaml";

/** The text for KUBECONFIG. */
export function kubeconfigOf(server: {
  readonly url: string;
  readonly caPem: string | undefined;
  readonly token: string | undefined;
}): string {
  const { url, caPem, token } = server;
  const name = "sandbox";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name,
        // The official JavaScript client speaks plain http only to servers marked like this.
        cluster: {
          server: url,
          ...(caPem ? { "certificate-authority-data": Buffer.from(caPem).toString("base64") } : { "insecure-skip-tls-verify": true }),
        },
      },
    ],
    users: [{ name, user: token === undefined ? {} : { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
    "current-context": name,
  });
}
