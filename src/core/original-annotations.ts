/** The annotations of the program that this one replaces, which it understands; a new one is in `annotations.ts`. */
import type { Annotation } from "./annotation.ts";

/** In the original's order, which `/debug` keeps: one that is not set is null there. */
export const originalAnnotations = {
  enabled: {
    kind: "switch",
    required: "set it to 'true' or 'false'",
    choices: { true: "reconciled", false: "left alone" },
    warning: "is neither 'true' nor 'false' and counts as 'false'; set it to one of them",
    meaning: "`'true'`, in quotes; with any other value the Deployment is left alone",
  },
  app_repository: {
    kind: "repository",
    required: "set it to the application's repository, for example git@github.com:team/app.git",
    meaning: "`git@host:path`, `ssh://[user@]host[:port]/path`, or `https://host[:port]/path`; a public one over https needs no Secret",
  },
  manifest_repository: {
    kind: "repository",
    required: "set it to the manifests' repository, for example git@github.com:team/manifests.git",
    meaning: "the same forms",
  },
  image_name: {
    kind: "image",
    required: "set it to the image without tag, for example team/app",
    meaning: "`team/app` or `registry.example/team/app`, without tag",
  },
  deployment_path: {
    kind: "path",
    required: "set it to the manifest's path in manifest_repository, for example deploy/app.yaml",
    meaning:
      "the files in `manifest_repository` that hold the tag, from its root, with commas or line breaks between them; `*` stands for any characters of one part of a path, `**` for folders or none: `apps/*/values.yaml`. One commit changes all of them, or none. `FILE#image.tag` names the one value that is meant",
  },
  observe_branch: {
    kind: "branch",
    default: "master",
    defaultInDocs: "`master`, else the default branch",
    meaning:
      "branch of the application, and of the manifests unless `manifest_branch` is set. If neither is set, each repository is read at its branch `master`, or at its default branch if it has no `master`; a change of the default branch counts at the next pass",
  },
  tag_type: {
    kind: "choice",
    default: "long",
    choices: { long: "the commit's SHA, 40 characters", short: "the commit's SHA, 7 characters" },
    warning: "is neither 'long' nor 'short' and counts as 'long'; set it to one of them",
    meaning:
      "`long`: the tag is the SHA, 40 characters, as with `tag_format: '{{sha}}'`; `short`: its first 7, as with `'{{sha7}}'`. Where `tag_format` is set too, that counts",
  },
  ssh_key_name: {
    kind: "secret",
    required: "set it to the name of the Secret that holds the key under ssh-privatekey",
    meaning:
      "Secret with what opens the repositories: `ssh-privatekey`, or for https `username` and `password` (a token), or the [three fields of a GitHub App](SECRETS.md#what-the-secrets-hold)",
  },
  ssh_key_namespace: { kind: "namespace", required: "set it to the namespace of that Secret", meaning: "its namespace" },
  notifications_secret_name: {
    kind: "secret",
    meaning: "Secret with `webhook-url` of a chat, and optionally its [`format`](NOTIFICATIONS.md)",
  },
  notifications_secret_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
  registry_secret_url: {
    kind: "registry",
    defaultInDocs: "from the image's name",
    nameInDebug: "registry_url",
    meaning: "the registry, if `image_name` has no host; it counts before the host in the manifest",
  },
  registry_secret_name: {
    kind: "secret",
    default: "regcred",
    meaning:
      "Secret with `.dockerconfigjson`. If you set this annotation or the next one, the Secret must exist. If you set neither and the default Secret does not exist, the registry is asked without a login",
  },
  registry_secret_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
  github_token_secret_name: {
    kind: "secret",
    meaning:
      "Secret with `github-token` (permission *Actions: read*), to wait for builds at GitHub; `forge_token_secret_name` does it for every forge, and counts where both are set",
  },
  github_token_secret_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
} as const satisfies Record<string, Annotation>;
