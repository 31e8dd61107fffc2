/**
 * The annotations, each described once. Parser, `/debug`, `check` and the table in docs/CONFIGURATION.md (`npm run docs`) are made of this.
 */
import type { Annotation } from "./annotation.ts";
import { originalAnnotations } from "./original-annotations.ts";

export const annotationPrefix = "gitops.operator.";

/** On a ConfigMap, with the value `true`: it holds defaults for the annotations of its namespace, by their full names. */
export const defaultsLabel = "gitops.operator/defaults";

/** Unknown to the original; `/debug` leaves out one that is not set. */
const added = {
  image_check: {
    kind: "choice",
    default: "IMAGE_CHECK",
    label: "image check",
    choices: {
      off: "none: tags are pushed unchecked",
      "if-secret": "the registry must have the image, where its login is there",
      on: "the registry must have the image",
    },
    meaning: "`'on'`, `if-secret` or `'off'`, in quotes; it can't ask for less than an `IMAGE_CHECK` that is set",
  },
  digest: {
    kind: "choice",
    default: "keep",
    choices: {
      keep: "a digest that stands in the manifest becomes that of the new image; none is added",
      pin: "the digest that the registry tells is written beside the tag, also where none stood",
    },
    meaning:
      "`keep`: a digest that stands in the manifest becomes that of the new image, none is added; `pin`: one is [written beside every tag](FILES.md#pinned-digests), so that what runs is what was checked. It needs the image check, and `if-secret` then asks without a login where there is none",
  },
  tag_format: {
    kind: "tag format",
    default: "{{sha}}",
    defaultInDocs: "`{{sha}}`; `{{tag}}` with `release_tags`",
    meaning:
      "the tag of a commit's image: text with `{{sha}}` (the SHA, 40 characters), `{{sha4}}` to `{{sha40}}` (its beginning), `{{branch}}` (with `-` for `/`), `{{tag}}`, `{{version}}` (the git tag, and the git tag without a leading `v`, both only with `release_tags`), for example `'main-{{sha7}}'`. It must hold 7 characters of the SHA or the git tag",
  },
  look_back: {
    kind: "count",
    default: "LOOK_BACK",
    meaning:
      "in quotes: how many commits behind the newest one, 0 to 100, may be taken while that one has no image; `'0'`: the newest alone",
  },
  app_paths: {
    kind: "paths",
    meaning:
      "files and folders of the application's repository (no patterns), with commas between them; `!` in front excludes. Only commits that change one of them count: `services/shop, !services/shop/docs`. Of the paths that hold a file, the longest decides. With nothing but `!`, everything else counts",
  },
  release_tags: {
    kind: "glob",
    meaning:
      "glob on git tags (`v*`; `*` stands for any characters, `?` for one): the commit of the highest version (semver.org) is wanted instead of the branch's newest; pre-releases count only where the glob has a `-`. `tag_format` is then `{{tag}}` unless it or `tag_type` is set",
  },
  rollback: {
    kind: "choice",
    default: "hold",
    choices: {
      override: "the newest commit is written, whatever somebody took back",
      hold: "a tag that somebody took back is not written again",
    },
    meaning: "`hold`: a tag that the operator wrote and somebody took back is not written again; `override`: it is",
  },
  paused_until: {
    kind: "time",
    meaning:
      "nothing is done before this time, written as RFC 3339 has it (`'2030-01-31T18:00:00Z'`, or with `+01:00` for `Z`); it ends by itself",
  },
  paused_reason: { kind: "words", meaning: "why, for whoever looks" },
  write_ref: {
    kind: "choice",
    default: "false",
    choices: {
      false: "refs of kustomizations are left alone",
      true: "a kustomization's refs of the application's repository become the commit too",
    },
    meaning:
      "`'true'`, in quotes: in a kustomization, the commit behind `ref=` of `resources`, `components` and `bases` that name `app_repository` is written too, always with 40 characters; branches and tags stay",
  },
  forge_token_secret_name: {
    kind: "secret",
    meaning:
      "Secret with `forge-token`, a token of the forge of `app_repository`, or with a [GitHub App](FORGES.md#a-github-app) ([which, with which right](FORGES.md)), to wait for builds and to report failed ones",
  },
  forge_token_secret_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
  notify_on: {
    kind: "events",
    defaultInDocs: "all but `rolled_out`",
    meaning:
      "what the chat is told, with commas between: `building`, `patched`, `failed`, `recovered`, `held`, `proposed`, `rolled_out` ([when each is told](NOTIFICATIONS.md))",
  },
  report: {
    kind: "choice",
    default: "none",
    choices: {
      none: "nothing is told on the application's commit",
      status: "the application's commit says by a status what became of it",
      deployment: "the application's commit has a deployment that says what became of it",
      both: "the application's commit has a status and a deployment that say what became of it",
    },
    meaning:
      "what the application's commit says of this Deployment at its forge: `status`, `deployment`, `both` or `none` ([which forge has which](FORGES.md#the-word-back-on-the-commit)). It needs `forge_token_secret_name`, with a token that may write",
  },
  environment: {
    kind: "environment",
    default: "CLUSTER_NAME",
    defaultInDocs: "`CLUSTER_NAME`, else the namespace",
    meaning: "the environment of that deployment",
  },
  environment_url: { kind: "url", meaning: "with `report: deployment`: where people see it run, for the link (GitHub)" },
  manifest_branch: { kind: "branch", default: "observe_branch", meaning: "branch of the manifests" },
  write_to: {
    kind: "choice",
    default: "branch",
    choices: {
      branch: "commits are pushed to the branch of the manifests",
      proposal: "commits are proposed: pushed to a branch of their own, for people to merge",
    },
    meaning:
      "`branch`: the tag is pushed to the branch of the manifests; `proposal`: it is pushed to a branch of its own, and a pull or merge request asks people to merge it ([how](PROPOSALS.md))",
  },
  proposal_branch: {
    kind: "branch",
    defaultInDocs: "`PROPOSAL_PREFIX` and `NAMESPACE/NAME`",
    meaning:
      "that branch; it must begin with `PROPOSAL_PREFIX`, and belongs to this workload alone. Of a kind other than Deployment the default has the kind between namespace and name",
  },
  proposal_auto_merge: {
    kind: "choice",
    default: "false",
    choices: {
      false: "people merge it",
      true: "the forge merges it by itself as soon as its rules allow",
    },
    meaning:
      "`'true'`, in quotes: the forge is asked to merge the request by itself as soon as its rules allow ([which can](PROPOSALS.md))",
  },
  proposal_labels: { kind: "labels", meaning: "labels of the request, with commas between them; 20 at most" },
  manifest_token_secret_name: {
    kind: "secret",
    default: "forge_token_secret_name",
    defaultInDocs: "`forge_token_secret_name`, where both repositories are of one forge",
    meaning:
      "Secret with `forge-token`, a token of the forge of `manifest_repository`, with which requests are opened ([which, with which right](PROPOSALS.md))",
  },
  manifest_token_secret_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
  manifest_ssh_key_name: {
    kind: "secret",
    default: "ssh_key_name",
    meaning: "a second Secret of that kind, for the manifests (a GitHub deploy key opens one repository only)",
  },
  manifest_ssh_key_namespace: { kind: "namespace", default: "ssh_key_namespace", meaning: "its namespace" },
  git_secret_name: { kind: "secret", aliasOf: "ssh_key_name", meaning: "another name for `ssh_key_name`; set one of the two" },
  git_secret_namespace: { kind: "namespace", aliasOf: "ssh_key_namespace", meaning: "another name for `ssh_key_namespace`" },
  manifest_git_secret_name: { kind: "secret", aliasOf: "manifest_ssh_key_name", meaning: "another name for `manifest_ssh_key_name`" },
  manifest_git_secret_namespace: {
    kind: "namespace",
    aliasOf: "manifest_ssh_key_namespace",
    meaning: "another name for `manifest_ssh_key_namespace`",
  },
  hook_secret_name: {
    kind: "secret",
    meaning:
      "Secret with `hook-secret`, by which forges and registries sign the events that concern this Deployment (`POST /hook/NAMESPACE/SECRET`); it needs `HOOK_PORT`",
  },
  hook_secret_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
  signing_key_name: {
    kind: "secret",
    defaultInDocs: "`SIGNING_SECRET_NAME`",
    meaning:
      "Secret with the field `ssh-privatekey`, by which commits are signed, and optional fields `name` and `email` of their committer; while it can't be read, nothing is pushed",
  },
  signing_key_namespace: { kind: "namespace", default: "OPERATOR_NAMESPACE", meaning: "its namespace" },
} as const satisfies Record<string, Annotation>;

export const annotations = { ...originalAnnotations, ...added };

/** How many commits behind the newest one may be taken, where nobody says it, and at most. */
export const usualLookBack = 20;
export const mostLookBack = 100;
