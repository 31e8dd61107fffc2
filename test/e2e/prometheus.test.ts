import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { freePort } from "../../sandbox/free-port.ts";
import { alertRules, allQueries, pathOf, readYaml } from "../observability-files.ts";
import { skipWithout } from "../tool.ts";
import { startObservedStage } from "./observed-stage.ts";

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] }[] };
}

/** The repository's own configuration and rules, but for the operator's address and a short interval. */
async function startPrometheus(t: TestContext, operatorUrl: string) {
  interface PrometheusConfig {
    global: object;
    rule_files: string[];
    scrape_configs: { job_name: string; static_configs: object[] }[];
  }
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const config = await readYaml<PrometheusConfig>("files/prometheus.yml");
  config.global = { scrape_interval: "250ms", scrape_timeout: "250ms", evaluation_interval: "250ms" };
  config.rule_files = config.rule_files.map((file) => pathOf(`files/${file}`));
  config.scrape_configs = config.scrape_configs.filter(({ job_name }) => job_name === "gitops-operator");
  for (const scrape of config.scrape_configs) scrape.static_configs = [{ targets: [new URL(operatorUrl).host] }];
  await writeFile(join(folder, "prometheus.yml"), stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  return {
    url: `http://${address}`,
    async query(expr: string): Promise<Answer> {
      const response = await fetch(`http://${address}/api/v1/query?${new URLSearchParams({ query: expr })}`);
      return (await response.json()) as Answer;
    },
  };
}

test("Debian's Prometheus scrapes the operator, loads the alerts and answers every query", {
  skip: skipWithout("prometheus", "prometheus"),
}, async (t) => {
  const stage = await startObservedStage(t);
  const prometheus = await startPrometheus(t, stage.url);
  // Rates need two scrapes.
  const scrapes = 'count_over_time(gitops_operator_build_info{job="gitops-operator"}[1m])';
  for (let tries = 0; ; tries++) {
    const answer = await prometheus.query(scrapes).catch(() => undefined);
    if (Number(answer?.data?.result[0]?.value[1] ?? 0) >= 3) break;
    assert.ok(tries < 600, "Prometheus never scraped the operator");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal((await prometheus.query('up{job="gitops-operator"}')).data.result[0]?.value[1], "1");

  const rules = new Set((await alertRules()).map(({ expr }) => expr));
  for (const query of await allQueries()) {
    const { status, error, data } = await prometheus.query(query);
    assert.equal(status, "success", `${query}: ${error}`);
    // Alerts ask for what is not there on a good day; this is a day with one failing Deployment.
    if (!rules.has(query) || query.includes('action="failed"')) assert.ok(data.result.length > 0, `nothing for ${query}`);
  }
  const response = await fetch(`${prometheus.url}/api/v1/rules`);
  const loaded = (await response.json()) as { data: { groups: { rules: { name: string; health: string }[] }[] } };
  const known = loaded.data.groups.flatMap((group) => group.rules);
  assert.deepEqual(
    known.map(({ name }) => name),
    (await alertRules()).map(({ alert }) => alert),
  );
  assert.ok(known.every(({ health }) => health !== "err"));
});
