/** The environment as typed settings. Only main.ts reads process.env. */

import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseCidr } from "./adapters/egress/address-rules.ts";
import type { ImageGateSettings } from "./core/images/image-gate.ts";
import { type AllowedRepositories, parseAllowedRepositories } from "./core/targets/allowed-repositories.ts";
import { checkedByDefault, type ImageCheckRule } from "./core/targets/image-check.ts";
import type { SecretScope } from "./core/targets/secret-scope.ts";
import { imageChecks } from "./core/types.ts";

export interface Config {
  readonly port: number;
  /** Where `/health` and `/ready` are answered alone; 0: nowhere but on `port`. */
  readonly healthPort: number;
  /** Undefined: all interfaces, IPv6 and IPv4. */
  readonly host: string | undefined;
  readonly logLevel: string;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  readonly operatorNamespace: string;
  readonly knownHostsFiles: readonly string[];
  /** They are named by SSH_KNOWN_HOSTS, so that one that is missing is a mistake. */
  readonly knownHostsNamed: boolean;
  readonly workDir: string;
  readonly maxRepositoryBytes: number;
  readonly identity: { readonly name: string; readonly email: string };
  readonly reconcileTimeoutMs: number;
  /** 0: only when called. */
  readonly reconcileIntervalMs: number;
  readonly concurrency: number;
  readonly secretRefs: SecretScope;
  readonly secretNamespaces: readonly string[];
  /** Undefined: any. */
  readonly allowedRepositories: AllowedRepositories | undefined;
  /** Undefined: `/reconcile` is open. */
  readonly reconcileToken: string | undefined;
  readonly debugEndpoint: boolean;
  readonly imageCheck: ImageCheckRule;
  readonly imageGate: ImageGateSettings;
  readonly githubApiUrl: string;
  readonly githubHost: string;
  readonly egressAllowCidrs: readonly string[];
  readonly registryRealms: readonly string[];
  /** `host[:port]` of chats that are spoken to over http. */
  readonly insecureWebhooks: readonly string[];
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
}

type ParsedConfig =
  | { readonly kind: "ok"; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: "error"; readonly problems: readonly string[] };

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

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
const namespaceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const namespaces = list
  .refine((names) => names.every((name) => namespaceName.test(name)), "must be namespace names with commas between them")
  .default([]);
const hosts = list
  .refine((names) => names.every((name) => /^[a-z0-9.[\]:-]+$/i.test(name)), "must be host or host:port with commas between them")
  .transform((names) => names.map((name) => name.toLowerCase()))
  .default([]);
const flag = z.enum(["true", "false"], "must be true or false").transform((text) => text === "true");
const person = z.string().regex(/^[^<>\p{Cc}]+$/u, "must be one line without < and >");

const repositories = z.string().transform((text, context) => {
  const parsed = parseAllowedRepositories(text);
  if (parsed.kind === "ok") return parsed.allowed;
  context.addIssue({ code: "custom", message: parsed.problem });
  return z.NEVER;
});
/** As a header can carry it, too long to be guessed; a file's last newline is dropped. */
const token = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]{16,512}$/, "must be 16 to 512 ASCII characters without spaces; make one with openssl rand -hex 32");

/** Set to nothing, these would leave open what somebody meant to close. */
const CLOSING_SWITCHES = ["ALLOWED_REPOSITORIES", "RECONCILE_TOKEN", "DEBUG_ENDPOINT", "IMAGE_CHECK"];

export const schema = z.object({
  PORT: whole(8000, 0, 65_535),
  HEALTH_PORT: whole(0, 0, 65_535),
  HOST: z.string().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`).optional(),
  RUST_LOG: z.string().optional(),
  WATCH_NAMESPACES: namespaces,
  OPERATOR_NAMESPACE: z.string().regex(namespaceName, "must be a namespace name").default("gitops-operator"),
  SSH_KNOWN_HOSTS: z.string().optional(),
  WORK_DIR: z.string().default(join(tmpdir(), "gitops-operator")),
  MAX_REPO_MB: whole(64, 1, 2_047),
  DEFAULT_FROM_NAME: person.default("GitOps Operator"),
  DEFAULT_FROM_EMAIL: person.default("gitops-operator@noreply.local"),
  RECONCILE_TIMEOUT_SECONDS: whole(50, 1, 3_600),
  RECONCILE_INTERVAL_SECONDS: whole(0, 0, 86_400),
  CONCURRENCY: whole(8, 1, 256),
  SECRET_REFS: z.enum(["scoped", "strict", "any"], "must be scoped, strict or any").default("scoped"),
  SECRET_NAMESPACES: namespaces,
  IMAGE_WAIT_ATTEMPTS: whole(5, 0, 100),
  IMAGE_WAIT_INITIAL_SECONDS: whole(10, 1, 3_600),
  IMAGE_WAIT_MAX_SECONDS: whole(60, 1, 3_600),
  IMAGE_GRACE_SECONDS: whole(300, 0, 86_400),
  IMAGE_CHECK: z.enum(imageChecks, "must be on, if-secret or off").optional(),
  REQUIRE_IMAGE_CHECK: flag.optional(),
  INSECURE_REGISTRIES: hosts,
  INSECURE_WEBHOOKS: hosts,
  REGISTRY_REALMS: hosts,
  GITHUB_API_URL: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).default("https://api.github.com"),
  GITHUB_HOST: z.hostname("must be a host name").default("github.com"),
  EGRESS_ALLOW_CIDRS: list.refine((cidrs) => cidrs.every(parseCidr), "must be CIDRs like 10.0.0.0/8 with commas between them").default([]),
  HTTPS_PROXY: z.string().optional(),
  NO_PROXY: z.string().optional(),
  ALLOWED_REPOSITORIES: repositories.optional(),
  RECONCILE_TOKEN: token.optional(),
  DEBUG_ENDPOINT: z.enum(["on", "off"], "must be on or off").default("on"),
});

/** Names every problem at once. An empty variable counts as not set, but for the switches that close something. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): ParsedConfig {
  const isSet = ([name, value]: [string, string | undefined]) => value?.trim() || (value !== undefined && CLOSING_SWITCHES.includes(name));
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(isSet)));
  if (!parsed.success) {
    return { kind: "error", problems: parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`) };
  }
  const values = parsed.data;
  const warnings: string[] = [];
  if (values.RECONCILE_TOKEN !== undefined && values.RECONCILE_INTERVAL_SECONDS === 0) {
    warnings.push(
      "RECONCILE_TOKEN is set and RECONCILE_INTERVAL_SECONDS is 0: the kubelet sends no token, so only callers with it start runs; set an interval, and the readiness probe's path to /ready",
    );
  }
  const imageCheck = readImageCheck(values, warnings);
  if (values.SECRET_REFS === "any") warnings.push("SECRET_REFS=any: every Deployment may use every Secret that the operator can read");
  return {
    kind: "ok",
    warnings,
    config: {
      port: values.PORT,
      healthPort: values.HEALTH_PORT,
      host: values.HOST,
      logLevel: values.LOG_LEVEL ?? levelFromRustLog(values.RUST_LOG, warnings) ?? "info",
      watchNamespaces: values.WATCH_NAMESPACES,
      operatorNamespace: values.OPERATOR_NAMESPACE,
      knownHostsFiles: values.SSH_KNOWN_HOSTS?.split(":").filter(Boolean) ?? [join(homedir(), ".ssh", "known_hosts")],
      knownHostsNamed: values.SSH_KNOWN_HOSTS !== undefined,
      workDir: values.WORK_DIR,
      maxRepositoryBytes: values.MAX_REPO_MB * 2 ** 20,
      identity: { name: values.DEFAULT_FROM_NAME, email: values.DEFAULT_FROM_EMAIL },
      reconcileTimeoutMs: values.RECONCILE_TIMEOUT_SECONDS * 1_000,
      reconcileIntervalMs: values.RECONCILE_INTERVAL_SECONDS * 1_000,
      concurrency: values.CONCURRENCY,
      secretRefs: values.SECRET_REFS,
      secretNamespaces: values.SECRET_NAMESPACES,
      allowedRepositories: values.ALLOWED_REPOSITORIES,
      reconcileToken: values.RECONCILE_TOKEN,
      debugEndpoint: values.DEBUG_ENDPOINT === "on",
      imageCheck,
      imageGate: {
        waitAttempts: values.IMAGE_WAIT_ATTEMPTS,
        waitInitialMs: values.IMAGE_WAIT_INITIAL_SECONDS * 1_000,
        waitMaxMs: values.IMAGE_WAIT_MAX_SECONDS * 1_000,
        graceMs: values.IMAGE_GRACE_SECONDS * 1_000,
        insecureRegistries: values.INSECURE_REGISTRIES,
        isCheckBinding: imageCheck.binds && imageCheck.level !== "off",
      },
      githubApiUrl: values.GITHUB_API_URL,
      githubHost: values.GITHUB_HOST,
      egressAllowCidrs: values.EGRESS_ALLOW_CIDRS,
      registryRealms: values.REGISTRY_REALMS,
      insecureWebhooks: values.INSECURE_WEBHOOKS,
      httpsProxy: values.HTTPS_PROXY,
      noProxy: values.NO_PROXY,
    },
  };
}

/** Of two that are set the stricter one counts. */
function readImageCheck(
  { IMAGE_CHECK, REQUIRE_IMAGE_CHECK }: Pick<z.infer<typeof schema>, "IMAGE_CHECK" | "REQUIRE_IMAGE_CHECK">,
  warnings: string[],
): ImageCheckRule {
  if (REQUIRE_IMAGE_CHECK !== undefined) {
    warnings.push(
      REQUIRE_IMAGE_CHECK
        ? "REQUIRE_IMAGE_CHECK=true is understood as IMAGE_CHECK=on; set that instead"
        : "REQUIRE_IMAGE_CHECK=false has no effect: images are checked unless IMAGE_CHECK says otherwise; remove it",
    );
  }
  const level = REQUIRE_IMAGE_CHECK ? "on" : IMAGE_CHECK;
  if (level === "off") warnings.push("IMAGE_CHECK=off: tags are pushed without asking whether their images are there");
  return level === undefined ? checkedByDefault : { level, binds: true };
}

/** The original's variable: `debug,tower_http=debug` means debug. */
function levelFromRustLog(text: string | undefined, warnings: string[]): string | undefined {
  if (text === undefined) return undefined;
  const level = text
    .split(",")
    .find((part) => !part.includes("="))
    ?.trim()
    .toLowerCase();
  const known = level === "off" ? "silent" : LOG_LEVELS.find((name) => name === level);
  warnings.push(
    known ? `RUST_LOG is understood as LOG_LEVEL=${known}; set LOG_LEVEL instead` : "RUST_LOG names no level; set LOG_LEVEL instead",
  );
  return known;
}
