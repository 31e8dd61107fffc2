/** What files/ asks of Prometheus. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

export function pathOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

export async function readYaml<T>(path: string): Promise<T> {
  return parse(await readFile(pathOf(path), "utf8")) as T;
}

export async function alertRules(): Promise<Rule[]> {
  const { groups } = await readYaml<{ groups: { rules: Rule[] }[] }>("files/alerts.yml");
  return groups.flatMap(({ rules }) => rules);
}

interface Variable {
  readonly name: string;
  readonly type: string;
  /** Of those that ask Prometheus. */
  readonly definition?: string;
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly links: readonly { readonly url: string }[];
}

export async function dashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(pathOf("files/grafana/dashboards/gitops-operator.json"), "utf8")) as Dashboard;
}

/** Every query of the dashboard and the alerts, Grafana's variables filled in. */
export async function allQueries(): Promise<string[]> {
  const { panels, templating } = await dashboard();
  const queries = [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...templating.list.flatMap(({ definition }) => definition?.replace(/^label_values\((.*), \w+\)$/, "$1") ?? []),
    ...(await alertRules()).map(({ expr }) => expr),
  ];
  return queries.map((query) => query.replaceAll("$__rate_interval", "1m").replace(/\$\w+/g, ".*"));
}

/** With what a query narrows down each metric that it names: nothing where it has no braces. */
export function selectorsIn(query: string): { readonly metric: string; readonly matchers: readonly string[] }[] {
  const names = metricsIn(query);
  return names.map((metric, index) => {
    // The same metric may stand there twice.
    const nth = names.slice(0, index).filter((name) => name === metric).length;
    const behind = query.split(new RegExp(`\\b${metric}(?!\\w)`))[nth + 1] ?? "";
    const [, braces = ""] = /^\{([^}]*)\}/.exec(behind) ?? [];
    return { metric, matchers: braces === "" ? [] : braces.split(/, */) };
  });
}

/** The metrics that a PromQL query names. */
export function metricsIn(query: string): string[] {
  const bare = query
    .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const names = bare.match(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w|\s*\()/g) ?? [];
  return names.filter((name) => !/^(and|or|unless|bool|offset|by|without|on|ignoring)$/.test(name));
}
