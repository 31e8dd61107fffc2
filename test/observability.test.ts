import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { anchors } from "./markdown.ts";
import { alertRules, dashboard, metricsIn, pathOf, readYaml, selectorsIn } from "./observability-files.ts";
import { runTool, skipWithout } from "./tool.ts";

const noPromtool = skipWithout("promtool", "prometheus");

const RULE_TESTS = ["files/alerts.test.yml", "files/alerts-days.test.yml"];

test("promtool accepts the alerts and their tests", { skip: noPromtool }, async () => {
  for (const args of [
    ["check", "config", "--syntax-only", pathOf("files/prometheus.yml")],
    ["check", "rules", pathOf("files/alerts.yml")],
    ["test", "rules", ...RULE_TESTS.map(pathOf)],
  ]) {
    const { code, stdout, stderr } = await runTool("promtool", args);
    assert.equal(code, 0, stdout + stderr);
  }
});

test("every alert has a description, a section of the troubleshooting page, and tests in which it fires and in which it does not", async () => {
  type RuleTests = { tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[] };
  const files = await Promise.all(RULE_TESTS.map((file) => readYaml<RuleTests>(file)));
  const checks = files.flatMap(({ tests }) => tests.flatMap(({ alert_rule_test }) => alert_rule_test));
  const rules = await alertRules();
  const sections = anchors(await readFile(pathOf("docs/TROUBLESHOOTING.md"), "utf8"));
  assert.equal(rules.length, 16);
  for (const { alert, annotations, labels } of rules) {
    const { summary, description = "", runbook_url = "", ...others } = annotations;
    assert.ok(description.length > 80 && summary, alert);
    assert.deepEqual(others, {}, alert);
    // The address of the repository is written nowhere, so it is a path in it.
    const [page, section = ""] = runbook_url.split("#");
    assert.equal(page, "docs/TROUBLESHOOTING.md", alert);
    assert.equal(section, alert.toLowerCase());
    assert.ok(sections.includes(section), `${alert} has no section in ${page}`);
    assert.match(labels.severity ?? "", /^(critical|warning)$/);
    const own = checks.filter(({ alertname }) => alertname === alert);
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} fires in no test`,
    );
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert} is silent in no test`,
    );
  }
});

test("the compose stack pins its images, lives on the host's network, and mounts files that are there", async () => {
  interface Service {
    image: string;
    network_mode: string;
    volumes: string[];
  }
  const { services, volumes } = await readYaml<{ services: Record<string, Service>; volumes: object }>("docker-compose.yml");
  assert.deepEqual(Object.keys(services), ["tempo", "prometheus", "grafana"]);
  for (const service of Object.values(services)) {
    assert.match(service.image, /:v?\d+\.\d+\.\d+$/);
    assert.equal(service.network_mode, "host");
    for (const [from = ""] of service.volumes.map((volume) => volume.split(":"))) {
      assert.ok(from.startsWith("./") ? existsSync(pathOf(from)) : from in volumes, from);
    }
  }
  const { providers } = await readYaml<{ providers: { options: { path: string } }[] }>("files/grafana-dashboards.yaml");
  assert.ok(services.grafana?.volumes.includes(`./files/grafana/dashboards:${providers[0]?.options.path}:ro`));
});

/** As Grafana has it. */
const variable = (name: string) => `\${${name}}`;
/** Whose label `namespace` is the Deployment's. That of all others is the namespace in which the operator runs. */
const OF_DEPLOYMENTS = ["deployment_result", "deployment_last_success_timestamp_seconds", "held"].map((name) => `gitops_operator_${name}`);

test("every panel of the dashboard is narrowed by cluster and namespace, and counts no other program's metrics", async () => {
  const { panels, templating, links } = await dashboard();
  assert.deepEqual(
    templating.list.map(({ name, type }) => `${name}: ${type}`),
    [
      ...["datasource: datasource", "cluster: query", "operator_namespace: query", "namespace: query", "deployment: query"],
      "status_page: textbox",
    ],
  );
  for (const { title, targets = [] } of panels) {
    for (const { metric, matchers } of targets.flatMap(({ expr }) => selectorsIn(expr))) {
      const namespace = OF_DEPLOYMENTS.includes(metric) ? "$namespace" : "$operator_namespace";
      for (const matcher of ['cluster=~"$cluster"', `namespace=~"${namespace}"`])
        assert.ok(matchers.includes(matcher), `${title}: ${metric} lacks ${matcher}`);
      // Other controllers have metrics of these names too.
      if (!metric.startsWith("gitops_operator_")) assert.ok(matchers.includes('job="gitops-operator"'), `${title}: ${metric}`);
    }
  }
  const page = `${variable("status_page")}/status`;
  assert.deepEqual(
    links.map(({ url }) => url),
    [page],
  );
  const shown = JSON.stringify(panels);
  assert.ok(shown.includes(`${page}?namespace=${variable("__data.fields.namespace")}&deployment=${variable("__data.fields.deployment")}`));
});

test("the row of delivery has the four figures of DORA", async () => {
  const { panels } = await dashboard();
  const from = panels.findIndex(({ title }) => title === "Delivery (DORA)") + 1;
  const end = panels.findIndex(({ type }, index) => index >= from && type === "row");
  assert.deepEqual(
    panels.slice(from, end).map(({ title }) => title),
    ["Deployment frequency", "Lead time for changes", "Change failure rate", "Time to restore"],
  );
});

test("the dashboard has a row for each part, and every panel asks something of the data source that is chosen", async () => {
  const { panels } = await dashboard();
  const rows = panels.filter(({ type }) => type === "row").map(({ title }) => title);
  for (const part of ["Overview", "Delivery (DORA)", "Events", "Per Deployment", "Git", "Registry", "Watch", "HTTP", "Node"]) {
    assert.ok(
      rows.some((title) => title.startsWith(part)),
      part,
    );
  }
  for (const panel of panels) {
    if (panel.type === "row") continue;
    const { title, targets = [], datasource } = panel as typeof panel & { datasource: { uid: string } };
    assert.ok(targets.length > 0 && targets.every(({ expr }) => metricsIn(expr).length > 0), title);
    assert.equal(datasource.uid, variable("datasource"), title);
  }
});

test("the metrics of a query are told from its functions, labels and words", () => {
  assert.deepEqual(metricsIn('histogram_quantile(0.95, sum by (le, route) (rate(a_bucket{b="c d"}[5m])))'), ["a_bucket"]);
  assert.deepEqual(
    metricsIn("sum by (x) (increase(a_total[15m])) == 0 and on (x) b > 0 or vector(0) unless time() - c_seconds > 2 * 1024"),
    ["a_total", "b", "c_seconds"],
  );
});
