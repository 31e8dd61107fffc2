/** The environment (variables.ts) as typed settings. Only main.ts reads process.env. */
import { homedir } from "node:os";
import { join } from "node:path";
import { knownForges } from "./core/forges.ts";
import { checkedByDefault, type ImageCheckRule } from "./core/targets/image-check.ts";
import { LOG_LEVELS, schema, type Variables } from "./variables.ts";

export type Config = Readonly<ReturnType<typeof readConfig>>;

type ParsedConfig =
  | { readonly kind: "ok"; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: "error"; readonly problems: readonly string[] };

/** Set to nothing, these would leave open what somebody meant to close. */
const CLOSING_SWITCHES = ["ALLOWED_REPOSITORIES", "RECONCILE_TOKEN", "DEBUG_ENDPOINT", "IMAGE_CHECK"];

/** Names every problem at once. An empty variable counts as not set, but for the switches that close something. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): ParsedConfig {
  const isSet = ([name, value]: [string, string | undefined]) => value?.trim() || (value !== undefined && CLOSING_SWITCHES.includes(name));
  // It is read once: to write and compile a parser of its own, as zod does, takes longer.
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(env).filter(isSet)), { jitless: true });
  if (!parsed.success) {
    return { kind: "error", problems: parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`) };
  }
  const warnings: string[] = [];
  return { kind: "ok", config: readConfig(parsed.data, warnings), warnings };
}

function readConfig(values: Variables, warnings: string[]) {
  if (values.RECONCILE_TOKEN !== undefined && values.RECONCILE_INTERVAL_SECONDS === 0) {
    warnings.push(
      "RECONCILE_TOKEN is set and RECONCILE_INTERVAL_SECONDS is 0: the kubelet sends no token, so only callers with it start runs; set an interval, and the readiness probe's path to /ready",
    );
  }
  if (values.HOOK_SECRET_NAME !== undefined && values.HOOK_PORT === 0) {
    warnings.push("HOOK_SECRET_NAME has no effect, as HOOK_PORT is 0; set a port, or remove it");
  }
  const imageCheck = readImageCheck(values, warnings);
  if (values.SECRET_REFS === "any") warnings.push("SECRET_REFS=any: every Deployment may use every Secret that the operator can read");
  return {
    port: values.PORT,
    /** Where `/health` and `/ready` are answered alone; 0: nowhere but on `port`. */
    healthPort: values.HEALTH_PORT,
    /** Where `/hook/…` is answered alone; 0: nowhere. */
    hookPort: values.HOOK_PORT,
    /** Whose events concern every Deployment; in the operator's namespace. */
    hookSecretName: values.HOOK_SECRET_NAME,
    /** Undefined: all interfaces, IPv6 and IPv4. */
    host: values.HOST,
    logLevel: values.LOG_LEVEL ?? levelFromRustLog(values.RUST_LOG, warnings) ?? "info",
    /** Empty: all namespaces. */
    watchNamespaces: values.WATCH_NAMESPACES,
    /** Beside those that always are. */
    watchKinds: values.WATCH_KINDS,
    /** Of our own pages, without a slash at its end; undefined: nobody links to them. */
    publicUrl: values.PUBLIC_URL,
    /** Labels; undefined: all. */
    watchSelector: values.WATCH_SELECTOR,
    operatorNamespace: values.OPERATOR_NAMESPACE,
    knownHostsFiles: values.SSH_KNOWN_HOSTS?.split(":").filter(Boolean) ?? [join(homedir(), ".ssh", "known_hosts")],
    /** They are named by SSH_KNOWN_HOSTS, so that one that is missing is a mistake. */
    knownHostsNamed: values.SSH_KNOWN_HOSTS !== undefined,
    workDir: values.WORK_DIR,
    maxRepositoryBytes: values.MAX_REPO_MB * 2 ** 20,
    identity: { name: values.DEFAULT_FROM_NAME, email: values.DEFAULT_FROM_EMAIL },
    commitWords: {
      subject: values.COMMIT_SUBJECT,
      signOff: values.COMMIT_SIGN_OFF ? { name: values.DEFAULT_FROM_NAME, email: values.DEFAULT_FROM_EMAIL } : undefined,
      cluster: values.CLUSTER_NAME,
    },
    /** With which branches of proposals begin. */
    proposalPrefix: values.PROPOSAL_PREFIX,
    /** In the operator's namespace; undefined: commits are signed only where an annotation says with what. */
    signingSecretName: values.SIGNING_SECRET_NAME,
    reconcileTimeoutMs: values.RECONCILE_TIMEOUT_SECONDS * 1_000,
    /** 0: only when called. */
    reconcileIntervalMs: values.RECONCILE_INTERVAL_SECONDS * 1_000,
    concurrency: values.CONCURRENCY,
    secretRefs: values.SECRET_REFS,
    secretNamespaces: values.SECRET_NAMESPACES,
    /** Undefined: any. */
    allowedRepositories: values.ALLOWED_REPOSITORIES,
    /** Undefined: `/reconcile` is open. */
    reconcileToken: values.RECONCILE_TOKEN,
    debugEndpoint: values.DEBUG_ENDPOINT === "on",
    imageCheck,
    /** Where `look_back` is not set. */
    lookBack: values.LOOK_BACK,
    imageGate: {
      waitAttempts: values.IMAGE_WAIT_ATTEMPTS,
      waitInitialMs: values.IMAGE_WAIT_INITIAL_SECONDS * 1_000,
      waitMaxMs: values.IMAGE_WAIT_MAX_SECONDS * 1_000,
      graceMs: values.IMAGE_GRACE_SECONDS * 1_000,
      insecureRegistries: values.INSECURE_REGISTRIES,
      isCheckBinding: imageCheck.binds && imageCheck.level !== "off",
    },
    forges: knownForges(values.FORGES, { host: values.GITHUB_HOST, apiUrl: values.GITHUB_API_URL }),
    githubHost: values.GITHUB_HOST,
    egressAllowCidrs: values.EGRESS_ALLOW_CIDRS,
    registryRealms: values.REGISTRY_REALMS,
    /** `host[:port]` of chats that are spoken to over http. */
    insecureWebhooks: values.INSECURE_WEBHOOKS,
    httpsProxy: values.HTTPS_PROXY,
    noProxy: values.NO_PROXY,
  };
}

/** Of two that are set the stricter one counts. */
function readImageCheck(
  { IMAGE_CHECK, REQUIRE_IMAGE_CHECK }: Pick<Variables, "IMAGE_CHECK" | "REQUIRE_IMAGE_CHECK">,
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
