import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { version } from "../../src/version.ts";
import { allQueries, metricsIn, pathOf } from "../observability-files.ts";
import { runTool, skipWithout } from "../tool.ts";
import { type MetricFamily, parseMetrics, sampleOf } from "./metrics-text.ts";
import { startObservedStage } from "./observed-stage.ts";
import { startStage } from "./stage.ts";

/** Ours; prom-client's own (process_, nodejs_) are told by their prefix in docs/OBSERVABILITY.md. */
const OURS = /^(gitops_operator|http_server|controller_runtime|workqueue)_/;

test("two passes in which something of everything happens are counted", async (t) => {
  const stage = await startObservedStage(t);
  const families = parseMetrics(await stage.text("/metrics"));
  const value = (name: string, labels = {}) => sampleOf(families, name, labels);

  assert.equal(value("gitops_operator_runs_total", { action: "patched" }), 1);
  assert.equal(value("gitops_operator_runs_total", { action: "up_to_date" }), 1);
  assert.equal(value("gitops_operator_runs_total", { action: "waiting" }), 2);
  assert.equal(value("gitops_operator_runs_total", { action: "skipped" }), 2);
  assert.equal(value("gitops_operator_runs_total", { action: "failed" }), 2);
  assert.equal(value("controller_runtime_reconcile_total", { controller: "deployment", result: "success" }), 4);
  assert.equal(value("controller_runtime_reconcile_total", { result: "error" }), 2);
  assert.equal(value("controller_runtime_reconcile_total", { result: "requeue_after" }), 2);
  assert.equal(value("controller_runtime_reconcile_errors_total"), 2);
  assert.equal(value("controller_runtime_reconcile_time_seconds_count"), 6);
  assert.equal(value("workqueue_depth", { name: "deployment" }), 0);
  assert.equal(value("gitops_operator_run_duration_seconds_count"), 6);
  const phases = families.get("gitops_operator_phase_duration_seconds")?.samples.filter(({ name }) => name.endsWith("_sum")) ?? [];
  const [inPhases, inRuns] = [
    phases.reduce((sum, sample) => sum + sample.value, 0),
    value("gitops_operator_run_duration_seconds_sum") ?? 0,
  ];
  assert.ok(Math.abs(inPhases - inRuns) < 1e-6, "the phases are all of a run");
  assert.equal(value("gitops_operator_phase_duration_seconds_count", { phase: "push" }), 1);
  assert.equal(value("gitops_operator_calls_total", { kind: "started" }), 6);
  assert.equal(value("gitops_operator_oldest_run_seconds"), 0);

  const result = (deployment: string) =>
    families.get("gitops_operator_deployment_result")?.samples.filter(({ labels }) => labels.deployment === deployment);
  const only = (deployment: string, action: string, code = "") => [
    { name: "gitops_operator_deployment_result", labels: { namespace: "default", deployment, action, code }, value: 1 },
  ];
  assert.deepEqual(result("shop"), only("shop", "up_to_date"));
  assert.deepEqual(result("early"), only("early", "waiting"));
  assert.deepEqual(result("greedy"), only("greedy", "failed", "secret_denied"));
  assert.deepEqual(result("half"), []);
  const succeededAt = value("gitops_operator_deployment_last_success_timestamp_seconds", { deployment: "shop" }) ?? 0;
  assert.ok(Math.abs(succeededAt - Date.now() / 1_000) < 60);
  assert.equal(value("gitops_operator_deployment_last_success_timestamp_seconds", { deployment: "early" }), undefined);

  assert.equal(value("gitops_operator_git_operations_total", { operation: "push", result: "ok" }), 2);
  assert.equal(value("gitops_operator_git_operation_duration_seconds_count", { operation: "push" }), 2);
  assert.ok((value("gitops_operator_git_operations_total", { operation: "fetch", result: "ok" }) ?? 0) >= 3);
  assert.ok((value("gitops_operator_git_operations_total", { operation: "list", result: "ok" }) ?? 0) >= 2);
  for (const [operation, least] of Object.entries({ push: 300, fetch: 500, list: 100 })) {
    for (const direction of ["sent", "received"]) {
      const bytes = value(`gitops_operator_git_${direction}_bytes_total`, { operation, result: "ok" }) ?? 0;
      assert.ok(bytes > (direction === "sent" ? 20 : least) && bytes < 100_000, `${operation} ${direction} ${bytes}`);
    }
  }
  assert.equal(value("gitops_operator_push_races_total"), 1);
  assert.equal(value("gitops_operator_commit_to_push_seconds_count"), 1);
  assert.ok((value("gitops_operator_commit_to_push_seconds_sum") ?? 99) < 60);
  assert.equal(value("gitops_operator_image_checks_total", { result: "found" }), 1);
  assert.equal(value("gitops_operator_image_checks_total", { result: "missing" }), 2);
  assert.equal(value("gitops_operator_build_checks_total", { state: "none" }), 2);
  assert.ok((value("gitops_operator_github_rate_remaining") ?? 0) > 0);
  assert.equal(value("gitops_operator_notifications_total", { result: "delivered" }), 1);
  assert.equal(value("gitops_operator_secret_refs_denied_total"), 2);

  assert.equal(value("gitops_operator_tracked_deployments"), 4);
  assert.equal(value("gitops_operator_incomplete_deployments"), 1);
  assert.equal(value("gitops_operator_cache_synced"), 1);
  assert.ok((value("gitops_operator_watch_age_seconds") ?? 99) < 60);
  assert.equal(value("gitops_operator_watch_restarts_total"), 0);
  assert.ok((value("gitops_operator_work_directory_bytes") ?? 0) > 500);
  assert.equal(value("gitops_operator_build_info", { version }), 1);
  assert.equal(version, (JSON.parse(await readFile(pathOf("package.json"), "utf8")) as { version: string }).version);
  assert.equal(value("http_server_requests_total", { method: "GET", route: "/reconcile", status: "200" }), 2);
  assert.equal(value("http_server_requests_pending", { route: "/reconcile" }), 0);
  assert.equal(value("http_server_requests_pending", { route: "/metrics" }), 1);
});

test("promtool finds no fault with the metrics", { skip: skipWithout("promtool", "prometheus") }, async (t) => {
  const stage = await startObservedStage(t);
  const { code, stdout, stderr } = await runTool("promtool", ["check", "metrics"], await stage.text("/metrics"));
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
});

test("every metric that the dashboard and the alerts ask for is there, and the table in docs tells all of ours", async (t) => {
  const stage = await startObservedStage(t);
  const families = parseMetrics(await stage.text("/metrics"));
  const samples = new Set([...families.values()].flatMap((family) => family.samples.map(({ name }) => name)));
  const queries = await allQueries();
  assert.ok(queries.length > 40);
  for (const query of queries) for (const name of metricsIn(query)) assert.ok(name === "up" || samples.has(name), `${name} in ${query}`);

  const page = await readFile(pathOf("docs/OBSERVABILITY.md"), "utf8");
  const rows = page.split("\n").filter((line) => OURS.test(line.replace(/^\| `/, "")) && line.startsWith("| `"));
  assert.deepEqual(
    rows,
    [...families.values()]
      .filter(({ name }) => OURS.test(name))
      .map(tableRow)
      .sort(),
  );
});

function tableRow({ name, type, help, samples }: MetricFamily): string {
  const labels = Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== "le");
  return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
}

// S21, F36-F37
test("labels are bounded: Deployments that go take their series along, invented paths and methods are one, errors have codes", async (t) => {
  const stage = await startStage(t);
  // Nobody can send events here, so their silence says nothing.
  assert.doesNotMatch(await stage.text("/metrics"), /^gitops_operator_hook_requests_total\{/m);
  await stage.deploy({ name: "shop" });
  await stage.deploy({ name: "other", namespace: "elsewhere" });
  assert.equal((await stage.reconcileOne("shop")).action, "failed");
  await stage.reconcile();
  let families = parseMetrics(await stage.text("/metrics"));
  assert.ok(
    (sampleOf(families, "gitops_operator_git_operations_total", { operation: "list", result: "git_repository_missing" }) ?? 0) >= 2,
  );
  assert.equal(families.get("gitops_operator_deployment_result")?.samples.length, 2);
  stage.cluster.delete("Deployment", "elsewhere", "other");
  for (let tries = 0; families.get("gitops_operator_deployment_result")?.samples.length !== 1; tries++) {
    assert.ok(tries < 6_000, "the series of the deleted Deployment are still there");
    families = parseMetrics(await stage.text("/metrics"));
  }
  assert.doesNotMatch(await stage.text("/metrics"), /elsewhere/);

  const looksBefore = sampleOf(families, "http_server_requests_total", { method: "GET", route: "/status" }) ?? 0;
  for (const path of ["/a", "/b?c=d", "/statusx", "/status/a/b", "/status/made/up"]) await stage.text(path);
  await stage.text("/STATUS/");
  await (await fetch(`${stage.url}/status`, { method: "PROPFIND" })).text();
  families = parseMetrics(await stage.text("/metrics"));
  assert.equal(sampleOf(families, "http_server_requests_total", { route: "other", status: "404" }), 3);
  assert.equal(sampleOf(families, "http_server_requests_total", { route: "/status/*", status: "404" }), 2);
  assert.equal(sampleOf(families, "http_server_requests_total", { method: "GET", route: "/status" }), looksBefore + 1);
  assert.equal(sampleOf(families, "http_server_requests_total", { method: "other", route: "/status", status: "405" }), 1);
});
