import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../src/config.ts";
import { builtInForges } from "../src/core/forges.ts";

test("an empty environment has the defaults of the contract", () => {
  const parsed = parseConfig({ HOST: " ", PORT: "" });
  assert.equal(parsed.kind, "ok");
  if (parsed.kind !== "ok") return;
  const { workDir, knownHostsFiles, ...config } = parsed.config;
  assert.match(workDir, /gitops-operator$/);
  assert.match(knownHostsFiles.join(), /\.ssh.known_hosts$/);
  assert.deepEqual(config, {
    port: 8000,
    healthPort: 0,
    hookPort: 0,
    hookSecretName: undefined,
    host: undefined,
    logLevel: "info",
    watchNamespaces: [],
    watchKinds: [],
    publicUrl: undefined,
    watchSelector: undefined,
    operatorNamespace: "gitops-operator",
    knownHostsNamed: false,
    maxRepositoryBytes: 64 * 1024 * 1024,
    identity: { name: "GitOps Operator", email: "gitops-operator@noreply.local" },
    commitWords: { subject: "chore(refs): gitops-operator updating image tags", signOff: undefined, cluster: undefined },
    signingSecretName: undefined,
    proposalPrefix: "gitops-operator/",
    reconcileTimeoutMs: 50_000,
    reconcileIntervalMs: 0,
    concurrency: 8,
    secretRefs: "scoped",
    secretNamespaces: [],
    allowedRepositories: undefined,
    reconcileToken: undefined,
    debugEndpoint: true,
    imageCheck: { level: "on", binds: false },
    lookBack: 20,
    imageGate: {
      waitAttempts: 5,
      waitInitialMs: 10_000,
      waitMaxMs: 60_000,
      graceMs: 300_000,
      insecureRegistries: [],
      isCheckBinding: false,
    },
    forges: builtInForges,
    githubHost: "github.com",
    egressAllowCidrs: [],
    registryRealms: [],
    insecureWebhooks: [],
    httpsProxy: undefined,
    noProxy: undefined,
  });
  assert.deepEqual(parsed.warnings, []);
});

test("every problem is named at once, with its variable", () => {
  const parsed = parseConfig({
    PORT: "80000",
    LOG_LEVEL: "loud",
    WATCH_NAMESPACES: "a, B",
    MAX_REPO_MB: "-1",
    LOOK_BACK: "101",
    DEFAULT_FROM_NAME: "Evil <x>",
    RECONCILE_TIMEOUT_SECONDS: "0",
    SECRET_REFS: "all",
    EGRESS_ALLOW_CIDRS: "10.0.0.0/40",
    GITHUB_API_URL: "ftp://x",
    FORGES: "git.example=gogs",
    IMAGE_CHECK: "true",
    INSECURE_REGISTRIES: "http://a",
    INSECURE_WEBHOOKS: "http://chat.example/x",
    RECONCILE_TOKEN: "secret",
    ALLOWED_REPOSITORIES: "github.com/team/*, github.com",
    DEBUG_ENDPOINT: "false",
  });
  assert.equal(parsed.kind, "error");
  if (parsed.kind !== "error") return;
  const named = parsed.problems.map((problem) => problem.split(" ")[0]);
  assert.deepEqual(named.sort(), [
    "ALLOWED_REPOSITORIES",
    "DEBUG_ENDPOINT",
    "DEFAULT_FROM_NAME",
    "EGRESS_ALLOW_CIDRS",
    "FORGES",
    "GITHUB_API_URL",
    "IMAGE_CHECK",
    "INSECURE_REGISTRIES",
    "INSECURE_WEBHOOKS",
    "LOG_LEVEL",
    "LOOK_BACK",
    "MAX_REPO_MB",
    "PORT",
    "RECONCILE_TIMEOUT_SECONDS",
    "RECONCILE_TOKEN",
    "SECRET_REFS",
    "WATCH_NAMESPACES",
  ]);
});

test("lists, the original's RUST_LOG and the open secret scope are understood, the last two with a warning", () => {
  const parsed = parseConfig({
    WATCH_NAMESPACES: "a, b,",
    RUST_LOG: "debug,tower_http=trace",
    SECRET_REFS: "any",
    SSH_KNOWN_HOSTS: "/a:/b",
  });
  assert.equal(parsed.kind, "ok");
  if (parsed.kind !== "ok") return;
  assert.deepEqual(parsed.config.watchNamespaces, ["a", "b"]);
  assert.deepEqual(parsed.config.knownHostsFiles, ["/a", "/b"]);
  assert.equal(parsed.config.logLevel, "debug");
  assert.equal(parsed.warnings.length, 2);
  const both = parseConfig({ RUST_LOG: "debug", LOG_LEVEL: "error" });
  assert.ok(both.kind === "ok" && both.config.logLevel === "error" && both.warnings.length === 0);
});

test("a switch that closes something is no problem when it is absent, and one when it is set to nothing", () => {
  for (const name of ["ALLOWED_REPOSITORIES", "RECONCILE_TOKEN", "DEBUG_ENDPOINT", "IMAGE_CHECK"]) {
    for (const value of ["", " \n"]) {
      const parsed = parseConfig({ [name]: value });
      assert.ok(parsed.kind === "error", name);
      assert.match(parsed.problems.join(), new RegExp(`^${name} `));
    }
  }
});

test("the closing switches are read: globs, a token without its file's newline, off; a token without timer is warned of", () => {
  const env = { ALLOWED_REPOSITORIES: "github.com/team/*", RECONCILE_TOKEN: "0123456789abcdef\n", DEBUG_ENDPOINT: "off" };
  const parsed = parseConfig(env);
  assert.ok(parsed.kind === "ok");
  assert.equal(parsed.config.allowedRepositories?.length, 1);
  assert.equal(parsed.config.reconcileToken, "0123456789abcdef");
  assert.equal(parsed.config.debugEndpoint, false);
  assert.match(parsed.warnings.join(), /^RECONCILE_TOKEN is set and RECONCILE_INTERVAL_SECONDS is 0.*\/ready$/);
  const timed = parseConfig({ ...env, RECONCILE_INTERVAL_SECONDS: "60" });
  assert.ok(timed.kind === "ok" && timed.warnings.length === 0);
});

test("IMAGE_CHECK that is set binds; its older name is understood with a warning, and the stricter of the two counts", () => {
  const read = (env: Record<string, string>) => {
    const parsed = parseConfig(env);
    assert.ok(parsed.kind === "ok");
    return [parsed.config.imageCheck, parsed.warnings.map((warning) => warning.split(" ")[0])];
  };
  const set = (level: string) => ({ level, binds: true });
  assert.deepEqual(read({ IMAGE_CHECK: "on" }), [set("on"), []]);
  assert.deepEqual(read({ IMAGE_CHECK: "if-secret" }), [set("if-secret"), []]);
  assert.deepEqual(read({ IMAGE_CHECK: "off" }), [set("off"), ["IMAGE_CHECK=off:"]]);
  assert.deepEqual(read({ REQUIRE_IMAGE_CHECK: "true" }), [set("on"), ["REQUIRE_IMAGE_CHECK=true"]]);
  assert.deepEqual(read({ REQUIRE_IMAGE_CHECK: "true", IMAGE_CHECK: "off" }), [set("on"), ["REQUIRE_IMAGE_CHECK=true"]]);
  assert.deepEqual(read({ REQUIRE_IMAGE_CHECK: "false" }), [{ level: "on", binds: false }, ["REQUIRE_IMAGE_CHECK=false"]]);
});

test("PUBLIC_URL is a web address without user and query, and its last slash is dropped", () => {
  const parsed = parseConfig({ PUBLIC_URL: "https://gitops.example.com/operator/" });
  assert.ok(parsed.kind === "ok");
  assert.equal(parsed.config.publicUrl, "https://gitops.example.com/operator");
  for (const text of ["gitops.example.com", "ftp://a.example", "https://user@a.example", "https://a.example/?b", "https://a.example/#b"]) {
    assert.equal(parseConfig({ PUBLIC_URL: text }).kind, "error", text);
  }
});
