/** The environment variables: which values they may have, what counts where they are not set, and what they are for. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseCidr } from "./adapters/egress/address-rules.ts";
import { mostLookBack, usualLookBack } from "./core/annotations.ts";
import { subjectProblem, usualSubject } from "./core/commits/commit-words.ts";
import { parseForges } from "./core/forges.ts";
import { isLabelName, isObjectName } from "./core/kubernetes-names.ts";
import { selectorProblem } from "./core/label-selector.ts";
import { usualProposalPrefix } from "./core/proposal-ports.ts";
import { parseAllowedRepositories } from "./core/targets/allowed-repositories.ts";
import { imageChecks } from "./core/targets/image-check.ts";
import { prefixProblem } from "./core/targets/proposal.ts";
import { parseWatchedKinds } from "./core/watched-kinds.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const whole = (fallback: number, min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(fallback);
};
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
const secretName = z.string().refine(isObjectName, "must be the name of a Secret");
const namespaces = list.refine((names) => names.every(isLabelName), "must be namespace names with commas between them").default([]);
const hosts = list
  .refine((names) => names.every((name) => /^[a-z0-9.[\]:-]+$/i.test(name)), "must be host or host:port with commas between them")
  .transform((names) => names.map((name) => name.toLowerCase()))
  .default([]);
const flag = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");
const person = z.string().regex(/^[^<>\p{Cc}]+$/u, "must be one line without < and >");

const selector = z
  .string()
  .trim()
  .transform((text, context) => {
    const problem = selectorProblem(text);
    if (problem === undefined) return text;
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });
const watchedKinds = z.string().transform((text, context) => {
  const parsed = parseWatchedKinds(text);
  if (parsed.kind === "ok") return parsed.kinds;
  context.addIssue({ code: "custom", message: parsed.problem });
  return z.NEVER;
});

const repositories = z.string().transform((text, context) => {
  const parsed = parseAllowedRepositories(text);
  if (parsed.kind === "ok") return parsed.allowed;
  context.addIssue({ code: "custom", message: parsed.problem });
  return z.NEVER;
});
const publicUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .refine((text) => !/[?#@]/.test(text), "must have no user, query or fragment")
  .transform((text) => text.replace(/\/$/, ""));
const forges = z
  .string()
  .transform((text, context) => {
    const parsed = parseForges(text);
    if (parsed.kind === "ok") return parsed.forges;
    context.addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  })
  .default([]);
/** As a header can carry it, too long to be guessed; a file's last newline is dropped. */
const token = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]{16,512}$/, "must be 16 to 512 ASCII characters without spaces; make one with openssl rand -hex 32");

/**
 * Each described for docs/CONFIGURATION.md, whose table `npm run docs` makes of this. `unset`: its column of defaults, where the schema has no
 * text for it. Two older names have no row: their successors tell them.
 */
export const schema = z.object({
  PORT: whole(8000, 0, 65_535).describe("listen port"),
  HEALTH_PORT: whole(0, 0, 65_535).describe(
    "a second port, for `/health` and `/ready` only, so that other callers can't keep out the kubelet (0: none); `manifests/base` sets 8081 and opens it to nobody else",
  ),
  HOST: z.string().optional().meta({ unset: "all interfaces", description: "listen address" }),
  HOOK_PORT: whole(0, 0, 65_535).describe(
    "a port for events of forges and registries, `POST /hook/NAMESPACE/SECRET`, and nothing else (0: none), so that an Ingress opens no other path by mistake; the component `hooks` sets 8082",
  ),
  HOOK_SECRET_NAME: secretName
    .optional()
    .describe(
      "Secret in `OPERATOR_NAMESPACE` with `hook-secret`: who signs by it may tell of every Deployment. Annotations name Secrets for single ones (`hook_secret_name`)",
    ),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`)
    .optional()
    .meta({ unset: "`info`", description: "`trace` to `fatal`, or `silent`; `RUST_LOG` alone is understood, with a warning" }),
  RUST_LOG: z.string().optional(),
  WATCH_NAMESPACES: namespaces.meta({ unset: "all", description: "the namespaces whose Deployments and other workloads are watched" }),
  WATCH_KINDS: watchedKinds
    .default([])
    .describe(
      "further kinds, as `resource.group/version`: what makes Pods in its own way (`rollouts.argoproj.io/v1alpha1`), or carries the annotations for a chart that can't (`applications.argoproj.io/v1alpha1`, `helmreleases.helm.toolkit.fluxcd.io/v2`). See [other kinds and carriers](INSTALL.md#other-kinds-and-carriers)",
    ),
  WATCH_SELECTOR: selector.optional().meta({
    unset: "all",
    description: "a label selector: of all watched kinds only the objects with these labels are watched, for very large clusters",
  }),
  OPERATOR_NAMESPACE: z
    .string()
    .refine(isLabelName, "must be a namespace name")
    .default("gitops-operator")
    .describe("the namespace of Secrets whose namespace no annotation names"),
  SSH_KNOWN_HOSTS: z.string().optional().meta({
    unset: "`~/.ssh/known_hosts`",
    description:
      "files with host keys (`:` between several), in addition to the bundled keys of GitHub, GitLab, Bitbucket, Azure DevOps, Codeberg and sourcehut",
  }),
  WORK_DIR: z
    .string()
    .default(join(tmpdir(), "gitops-operator"))
    .meta({ unset: "`<tmp>/gitops-operator`", description: "where local copies are kept" }),
  MAX_REPO_MB: whole(64, 1, 2_047).describe("the most that one fetch may bring"),
  DEFAULT_FROM_NAME: person.default("GitOps Operator").describe("author and committer: the name"),
  DEFAULT_FROM_EMAIL: person.default("gitops-operator@noreply.local").describe("author and committer: the address"),
  COMMIT_SUBJECT: z
    .string()
    .default(usualSubject)
    .superRefine((text, context) => {
      const message = subjectProblem(text);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .describe(
      "the first line of the operator's commits, with `{namespace}`, `{deployment}`, `{image}`, `{tag}`, `{from}` (the tag before) and `{sha7}` (of the application's commit) filled in",
    ),
  COMMIT_SIGN_OFF: flag.optional().meta({
    unset: "`false`",
    description: "`true`: commits have the trailer `Signed-off-by` with the author's name and address",
  }),
  SIGNING_SECRET_NAME: secretName
    .optional()
    .describe(
      "Secret in `OPERATOR_NAMESPACE` with the SSH key that signs the commits of all Deployments that do not set `signing_key_name`",
    ),
  PROPOSAL_PREFIX: z
    .string()
    .default(usualProposalPrefix)
    .superRefine((text, context) => {
      const message = prefixProblem(text);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .describe(
      "with which all branches of proposals begin (`write_to: proposal`). Nothing but these is ever written anew, and only while every commit on them is the operator's",
    ),
  CLUSTER_NAME: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "must be 1 to 63 letters, digits, '.', '_' and '-'")
    .optional()
    .describe(
      "what this cluster is called: in the trailer `Gitops-Operator-Cluster` of its commits, in chat messages, on the status page, and in [what is told on the application's commits](FORGES.md#the-word-back-on-the-commit)",
    ),
  RECONCILE_TIMEOUT_SECONDS: whole(50, 1, 3_600).describe("`/reconcile` answers within this time"),
  RECONCILE_INTERVAL_SECONDS: whole(0, 0, 86_400).describe(
    "starts a pass as soon as the workloads are listed, and then by a timer of its own (`manifests/base`: 60); 0: only when called",
  ),
  CONCURRENCY: whole(8, 1, 256).describe(
    "Deployments worked on at once. A free place goes to the namespace that holds the fewest; a place that has been held for 5 s counts as free",
  ),
  SECRET_REFS: z
    .enum(["scoped", "strict", "any"], "must be scoped, strict or any")
    .default("scoped")
    .describe(
      "which Secrets annotations may name. `scoped`: those of the Deployment's namespace, of `gitops-operator`, of `OPERATOR_NAMESPACE` and of `SECRET_NAMESPACES`; `strict`: those of the Deployment's namespace and of `SECRET_NAMESPACES`; `any`: all",
    ),
  SECRET_NAMESPACES: namespaces.describe("further namespaces whose Secrets annotations may name"),
  IMAGE_WAIT_ATTEMPTS: whole(5, 0, 100).describe("how often an image is asked for again while its build runs"),
  IMAGE_WAIT_INITIAL_SECONDS: whole(10, 1, 3_600).describe("after how long it is asked for again; the wait doubles each time"),
  IMAGE_WAIT_MAX_SECONDS: whole(60, 1, 3_600).describe("the longest of these waits"),
  IMAGE_GRACE_SECONDS: whole(300, 0, 86_400).describe("for how long after a commit was first seen a missing image is no failure"),
  IMAGE_CHECK: z.enum(imageChecks, "must be on, if-secret or off").optional().meta({
    unset: "`on`",
    description:
      "`on`: a tag is pushed only after a registry has confirmed its image. `if-secret`: no registry is asked where the default registry Secret does not exist and no annotation names another. `off`: no registry is asked. If you set the variable, an annotation that asks for less makes its Deployment `failed`; if you don't, `image_check` decides. `REQUIRE_IMAGE_CHECK=true` is understood as `on`, with a warning",
  }),
  REQUIRE_IMAGE_CHECK: flag.optional(),
  LOOK_BACK: whole(usualLookBack, 0, mostLookBack).describe(
    "how many commits behind the newest one may be taken while that one has no image, for Deployments that do not set `look_back`",
  ),
  INSECURE_REGISTRIES: hosts.describe("`host[:port]` of registries that may be spoken to over http"),
  INSECURE_WEBHOOKS: hosts.describe(
    "`host[:port]` of chats that may be spoken to over http. Other http URLs are refused, and `/status` and an Event say so",
  ),
  REGISTRY_REALMS: hosts.describe("token hosts that any registry may send logins to"),
  PUBLIC_URL: publicUrl
    .optional()
    .describe("where people reach the operator's `/status`, as `https://gitops.example.com`: the link of what is told on commits"),
  GITHUB_API_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .default("https://api.github.com")
    .describe("GitHub's API"),
  GITHUB_HOST: z
    .hostname("must be a host name")
    .default("github.com")
    .describe("the git host that GitHub's API belongs to (GitHub Enterprise)"),
  FORGES: forges.meta({
    unset: "none",
    description:
      "further forges whose builds are asked for: `host=kind`, or `host=kind@https://…` where the forge is not below the root of its git host ([which kinds](FORGES.md)). Annotations can't name any: a token is sent to these alone",
  }),
  EGRESS_ALLOW_CIDRS: list
    .refine((cidrs) => cidrs.every(parseCidr), "must be CIDRs like 10.0.0.0/8 with commas between them")
    .default([])
    .describe(
      "addresses that are otherwise refused for git hosts, registries, CI API and chat: the API server, cloud metadata services, and everything that is neither a public nor a private address",
    ),
  HTTPS_PROXY: z.string().optional().describe("for registry, CI API, chat and https repositories"),
  NO_PROXY: z.string().optional().describe("which of them are asked without the proxy"),
  ALLOWED_REPOSITORIES: repositories.optional().meta({
    unset: "any",
    description:
      "globs on `host/owner/repo`, with commas or spaces between them. `*` stands for anything within one part, a `**` at the end for everything below. An unusual port belongs to the host (`git.example:2222/team/**`); `user@` in front names the SSH user. Other repositories are refused before a Secret is read or a connection opened",
  }),
  RECONCILE_TOKEN: token
    .optional()
    .describe(
      "16 or more ASCII characters. `/reconcile` and `/history` then answer 401 to callers that do not send `Authorization: Bearer …`. The kubelet can't send it, so leave the readiness probe at `/ready` and `RECONCILE_INTERVAL_SECONDS` above 0, as `manifests/base` has them. The other paths start nothing and stay open; close `/debug` by `DEBUG_ENDPOINT`, the others by a NetworkPolicy",
    ),
  DEBUG_ENDPOINT: z.enum(["on", "off"], "must be on or off").default("on").describe("`off`: there is no `/debug`"),
});

export type Variables = z.infer<typeof schema>;
