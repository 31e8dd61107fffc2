/** What the operator's pages are made of, with as many workloads as wanted, in every state. */
import type { HistoryEntry } from "../../src/core/branch-history.ts";
import type { Outcome } from "../../src/core/outcome.ts";
import type { Log } from "../../src/core/ports.ts";
import type { LastResult } from "../../src/core/runs/last-result.ts";
import { parseTarget } from "../../src/core/targets/target.ts";
import { idOf, type Workload, type WorkloadRecord } from "../../src/core/types.ts";
import { ReconcileError } from "../../src/errors.ts";
import type { StatusKnown } from "../../src/http/rows/page-facts.ts";
import { onceEach } from "../../src/sharing/once-each.ts";

const names = ["api", "billing", "cart", "search", "mailer", "gateway", "ledger", "reports", "worker", "frontend"];
const shaOf = (text: string) =>
  Buffer.from(text.padEnd(20, text)).toString("hex").padEnd(40, "0").slice(0, 40).split("").reverse().join("");
const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000);
const LONG = `a-name-as-long-as-kubernetes-lets-it-be-${"x".repeat(23)}`;

/** `log`: of what could not be shown. */
export function manyWorkloads(count: number, log: Pick<Log, "error"> = { error: (fields, message) => console.error(message, fields) }) {
  const results = new Map<string, LastResult>();
  const records = Array.from({ length: count }, (_, index) => recordOf(index));
  for (const [index, record] of records.entries()) {
    const last = lastOf(index, record);
    if (last) results.set(idOf(record), last);
  }
  const parse = onceEach((record: WorkloadRecord) => parseTarget(record, "gitops-operator"));
  /** How many times a record was looked at. */
  let looks = 0;
  const nothing = () => undefined;
  const known: StatusKnown = {
    workloads: { list: () => records, synced: true, refusal: nothing, refusals: [] },
    parse,
    lastResult(workload: Workload) {
      looks += 1;
      return results.get(idOf(workload));
    },
    branchesOf: () => ({ observed: "main", manifests: "main" }),
    imageOf: nothing,
    isUnboundKey: nothing,
    chatProblem: nothing,
    buildTokenProblem: nothing,
    reportProblem: nothing,
    commitOf: (workload) => {
      const sha = shaOf(workload.name);
      return { sha, author: "Jane Doe", subject: "Say hello to everybody who comes in", time: ago(7_200).getTime() / 1_000 };
    },
    historyOf: (target) => historyOf(target),
    hooks: { isOpen: true, areForAll: true, last: () => ({ kind: "push", at: performance.now() - 95_000 }), now: () => performance.now() },
    operator: {
      ...{ version: "0.1.0", cluster: "eu-1", apiServer: "10.96.0.1:443" },
      ...{ heardAt: () => ago(2), nextPassAt: () => ago(-40), lastEvent: () => ({ kind: "push", at: ago(95) }) },
    },
    defaults: { operatorNamespace: "gitops-operator", cluster: "eu-1" },
    ...{ githubHost: "github.com", redact: (text: string) => text, log },
  };
  return { known, records, results, looks: () => looks };
}

function recordOf(index: number): WorkloadRecord {
  const name = index === 11 ? LONG : `${names[index % names.length]}${index < names.length ? "" : `-${index}`}`;
  const values: Record<string, string> = {
    ...{
      enabled: String(index % 40 !== 9),
      app_repository: `git@github.com:team/${name}.git`,
      manifest_repository: "git@github.com:team/manifests.git",
    },
    ...{ image_name: `ghcr.io/team/${name}`, deployment_path: `apps/${name}/overlays/production/deployment.yaml` },
    ...{ ssh_key_name: "ssh-key", ssh_key_namespace: "gitops-operator", ...(index % 30 === 4 && { tag_type: "lnog" }) },
  };
  if (index % 50 === 7) delete values.ssh_key_name;
  const annotations = Object.fromEntries(Object.entries(values).map(([key, value]) => [`gitops.operator.${key}`, value]));
  const tag = index % 12 === 5 || index % 12 === 6 ? shaOf("older") : shaOf(name);
  return {
    ...{ kind: index % 60 === 14 ? "StatefulSet" : "Deployment", namespace: `team-${index % 7}`, name, annotations },
    ...{
      containers: [{ name: "app", image: `ghcr.io/team/${name}:${tag}` }],
      rollout: index % 24 === 5 ? "under_way" : "done",
      replicas: 3,
    },
  };
}

function lastOf(index: number, { kind, namespace, name }: WorkloadRecord): LastResult | undefined {
  const to = shaOf(name);
  const from = shaOf("older");
  const outcomes: Record<number, Outcome> = {
    0: {
      kind: "failed",
      error: new ReconcileError(
        "secret_missing",
        `Failed to get SSH key: Secret ${namespace}/ssh-key does not exist: correct the annotation that names it, or create it with kubectl create secret generic ssh-key --from-file=ssh-privatekey=/path --namespace ${namespace}`,
      ),
    },
    1: { kind: "skipped", reason: "held", from, to, commit: shaOf("m") },
    2: {
      kind: "proposed",
      from,
      to,
      branch: `gitops-operator/${name}`,
      request: { number: 7, url: "https://github.com/team/manifests/pull/7" },
    },
    3: {
      kind: "skipped",
      reason: "declined",
      from,
      to,
      branch: `gitops-operator/${name}`,
      request: { number: 6, url: "https://github.com/team/manifests/pull/6" },
    },
    6: {
      kind: "waiting",
      step: `:hourglass: Build running for ghcr.io/team/${name} (SHA: ${to}), looking again at the next pass`,
      from,
      to,
    },
    8: { kind: "skipped", reason: "paused", until: "2030-01-31T18:00:00Z", why: "freeze over the holidays" },
    10: { kind: "up_to_date", to, unchecked: true },
  };
  const isRare = index < 12 || index % 37 === 0;
  if (index % 90 === 13) return undefined;
  const outcome = (isRare ? outcomes[index % 12] : undefined) ?? (index % 12 === 6 ? outcomes[6] : undefined) ?? { kind: "up_to_date", to };
  const pushed = index % 3 === 0 ? { to, commit: shaOf(`m${name}`) } : undefined;
  return { kind, namespace, name, outcome, at: ago(20), since: ago(60 + ((index * 997) % 400_000)), pushed };
}

function historyOf({ name }: Workload): readonly HistoryEntry[] {
  return Array.from({ length: 25 }, (_, index) => ({
    ...{
      at: ago(3_600 * (1 + index * index)).toISOString(),
      commit: shaOf(`c${index}`),
      from: shaOf(`v${index + 1}`),
      to: index === 0 ? shaOf(name) : shaOf(`v${index}`),
    },
    ...(index % 6 === 4
      ? { by: "person" as const }
      : {
          ...{ by: "operator" as const, cluster: "eu-1", appCommit: index === 0 ? shaOf(name) : shaOf(`v${index}`), appAuthor: "Jane Doe" },
          appSubject: ["Say hello to everybody who comes in", "Round prices half to even", "Wait for the queue to drain before the end"][
            index % 3
          ] as string,
        }),
  }));
}
