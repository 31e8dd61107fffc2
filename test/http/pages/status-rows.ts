/** Rows as a cluster of any size would give them. */
import { parseRepository } from "../../../src/core/repository.ts";
import type { TrackedRow } from "../../../src/http/rows/status-row.ts";
import type { StatusRows } from "../../../src/http/rows/status-rows.ts";
import { type State, stateOf } from "../../../src/http/rows/status-state.ts";

export const NOW = new Date("2026-03-04T05:06:07.000Z");

/** What a test says of the rows. */
export type GivenRows = Pick<StatusRows, "incomplete"> & { readonly tracked: readonly TrackedRow[]; readonly notes: readonly string[] };

export const OPERATOR = {
  ...{ version: "0.1.0", cluster: "eu-1", apiServer: "10.0.0.1:443" },
  ...{
    heardAt: () => ago(2),
    nextPassAt: () => new Date(NOW.getTime() + 40_000),
    lastEvent: () => ({ kind: "push" as const, at: ago(180) }),
  },
};

/** As the page gets them. */
export function* rowsOf({ tracked, incomplete, notes }: GivenRows): Generator<"", StatusRows> {
  const counts = new Map<State, number>();
  for (const state of [...tracked.map(stateOf), ...[...incomplete].map(() => "incomplete" as const)]) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
    yield "";
  }
  const lastAt = new Date(Math.max(0, ...tracked.map(({ last }) => last?.at.getTime() ?? 0)));
  const namespaces = [...new Set(tracked.map(({ namespace }) => namespace))];
  return {
    ...{ shown: "shown", counts, namespaces, tracked, incomplete, notes, lastAt: tracked.some(({ last }) => last) ? lastAt : undefined },
    inState: (state) => tracked.filter((row) => stateOf(row) === state),
  };
}

function repository(text: string) {
  const parsed = parseRepository(text);
  if (parsed.kind === "error") throw new Error(parsed.problem);
  return parsed.repository;
}

export function row(name: string, changes: Partial<TrackedRow> = {}): TrackedRow {
  const tag = sha(name);
  return {
    kind: "Deployment",
    namespace: "default",
    name,
    enabled: true,
    branch: "main",
    image: { container: `team/${name}`, version: tag },
    rollout: "done",
    isAtTag: true,
    last: { at: ago(20), since: ago(3 * 3600), kind: "up_to_date", message: `Deployment ${name} is up to date at ${tag}` },
    lastEvent: undefined,
    warnings: [],
    app: repository(`git@github.com:team/${name}.git`),
    tag,
    gitTag: tag,
    sha: tag,
    unchecked: false,
    manifest: {
      repository: repository("git@github.com:team/manifests.git"),
      branch: "main",
      path: `${name}/deployment.yaml`,
      commit: sha(`m${name}`),
    },
    ...changes,
  };
}

/** A failing one, one that waits, a healthy one. */
export function threeRows(): GivenRows {
  const failing = row("checkout", {
    namespace: "shop",
    image: { container: "ghcr.io/team/checkout", version: sha("old") },
    last: {
      ...{ at: ago(20), since: ago(2 * 86_400 + 5), kind: "failed" },
      message:
        "Failed to get SSH key: Secret shop/ssh-key does not exist: correct the annotation that names it, or create it with kubectl create secret generic ssh-key --from-file=ssh-privatekey=/path --namespace shop",
    },
    warnings: ["gitops.operator.tag_type is 'lnog': 'long' is used"],
    ...{ tag: undefined, gitTag: undefined, isAtTag: undefined },
    manifest: { ...row("checkout").manifest, commit: undefined },
  });
  const waiting = row("search", {
    image: { container: "team/search", version: sha("older") },
    ...{ isAtTag: false, gitTag: sha("older") },
    last: {
      ...{ at: ago(4), since: ago(95), kind: "waiting" },
      message: `:hourglass: Build running for team/search (SHA: ${sha("search")}), looking again at the next pass`,
    },
    manifest: { ...row("search").manifest, commit: undefined },
  });
  return { tracked: [row("shop"), failing, waiting], incomplete: [], notes: [] };
}

/** 300 of them, of every kind. */
export function manyRows(): GivenRows {
  const three = [...threeRows().tracked];
  const names = ["api", "billing", "cart", "search", "mailer", "gateway", "ledger", "reports", "worker", "frontend"];
  const tracked = Array.from({ length: 290 }, (_, index) => {
    const name = `${names[index % names.length]}-${index}`;
    const namespace = `team-${index % 7}`;
    if (index % 50 === 7) return { ...three[1], namespace, name } as TrackedRow;
    if (index % 60 === 8) return { ...three[2], namespace, name } as TrackedRow;
    if (index % 70 === 9) return row(name, { namespace, enabled: false, tag: undefined });
    if (index % 80 === 11) {
      const message = `Deployment ${name} is paused until 2026-04-01T00:00:00Z: freeze`;
      return row(name, { namespace, tag: undefined, last: { at: ago(20), since: ago(600), kind: "skipped", skipped: "paused", message } });
    }
    if (index % 90 === 10) return row(name, { namespace, last: undefined, tag: undefined });
    return row(name, { namespace, ...(index % 4 ? { manifest: { ...row(name).manifest, commit: undefined } } : {}) });
  });
  const incomplete = Array.from({ length: 10 }, (_, index) => ({
    kind: "Deployment" as const,
    namespace: "sandbox",
    name: `half-${index}`,
    problems: [
      "gitops.operator.ssh_key_name is missing",
      "gitops.operator.ob_branch is unknown; did you mean gitops.operator.observe_branch?",
    ],
  }));
  return { tracked, incomplete, notes: [] };
}

/** Like a commit's, always the same for the same text. */
function sha(text: string): string {
  return Buffer.from(text.padEnd(20, text)).toString("hex").padEnd(40, "0").slice(0, 40).split("").reverse().join("");
}

function ago(seconds: number): Date {
  return new Date(NOW.getTime() - seconds * 1000);
}
