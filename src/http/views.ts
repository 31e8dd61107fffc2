/** What `/status`, `/debug` and `/health` show of the cached Deployments. */
import { containerAndVersion, parseImageName } from "../core/image.ts";
import type { LastResult } from "../core/pass.ts";
import type { DeploymentRecord, Parsed } from "../core/types.ts";
import { type IncompleteRow, statusReport, type TrackedRow } from "./status-report.ts";

type Parse = (record: DeploymentRecord) => Parsed;
type Tracked = Exclude<Parsed, { kind: "untracked" | "incomplete" }>;

export function statusText(
  records: readonly DeploymentRecord[],
  parse: Parse,
  lastResult: (namespace: string, name: string) => LastResult | undefined,
): string {
  const tracked: TrackedRow[] = [];
  const incomplete: IncompleteRow[] = [];
  for (const record of records) {
    const parsed = parse(record);
    const name = { namespace: record.namespace, deployment: record.name };
    if (parsed.kind === "incomplete") incomplete.push({ ...name, problems: parsed.problems });
    if (!isTracked(parsed)) continue;
    const { container, version } = imageOf(record, parsed);
    tracked.push({
      ...name,
      enabled: parsed.settings.enabled,
      branch: parsed.settings.observe_branch,
      image: `${container}:${version}`,
      last: lastResult(record.namespace, record.name),
      warnings: parsed.warnings,
    });
  }
  return statusReport(tracked, incomplete);
}

/** Entries of `/debug`. The cache holds our own annotations only. */
export function debugEntries(records: readonly DeploymentRecord[], parse: Parse): object[] {
  return records.flatMap((record) => {
    const parsed = parse(record);
    if (!isTracked(parsed)) return [];
    const { container, version } = imageOf(record, parsed);
    const { name, namespace, annotations } = record;
    return [{ container, name, namespace, annotations, version, config: configOf(record, parsed) }];
  });
}

export function trackedCount(records: readonly DeploymentRecord[], parse: Parse): number {
  return records.filter((record) => isTracked(parse(record))).length;
}

function isTracked(parsed: Parsed): parsed is Tracked {
  return parsed.kind !== "untracked" && parsed.kind !== "incomplete";
}

/** Of the first container that is the target's, else of the first. */
function imageOf({ containers }: DeploymentRecord, parsed: Tracked): { container: string; version: string } {
  if (parsed.kind === "ready") return containerAndVersion(containers, parsed.target.image);
  const name = parseImageName(parsed.settings.image_name);
  return containerAndVersion(containers, name.kind === "ok" ? name.image : undefined);
}

/** In the original's order and with its names; what it did not know only when set. */
function configOf({ namespace }: DeploymentRecord, { settings }: Tracked): object {
  const { enabled, registry_secret_url, manifest_branch, manifest_ssh_key_name, manifest_ssh_key_namespace, ...rest } = settings;
  const added = Object.entries({ manifest_branch, manifest_ssh_key_name, manifest_ssh_key_namespace });
  return {
    enabled,
    namespace,
    app_repository: rest.app_repository,
    manifest_repository: rest.manifest_repository,
    image_name: rest.image_name,
    deployment_path: rest.deployment_path,
    observe_branch: rest.observe_branch,
    tag_type: rest.tag_type,
    ssh_key_name: rest.ssh_key_name,
    ssh_key_namespace: rest.ssh_key_namespace,
    notifications_secret_name: rest.notifications_secret_name ?? null,
    notifications_secret_namespace: rest.notifications_secret_namespace ?? null,
    registry_url: registry_secret_url ?? null,
    registry_secret_name: rest.registry_secret_name ?? null,
    registry_secret_namespace: rest.registry_secret_namespace ?? null,
    github_token_secret_name: rest.github_token_secret_name ?? null,
    github_token_secret_namespace: rest.github_token_secret_namespace ?? null,
    ...Object.fromEntries(added.filter(([, value]) => value !== undefined)),
  };
}
