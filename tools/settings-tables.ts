/** The tables of docs/CONFIGURATION.md, made from the descriptions of annotations and environment variables. */
import { annotationNames, annotationOf } from "../src/core/annotation-names.ts";
import { schema } from "../src/variables.ts";

type Row = readonly [name: string, unset: string, meaning: string];

/** Read by Node, by libraries and by kubectl's rules, not by src/config.ts. */
const readByOthers: readonly Row[] = [
  ["KUBECONFIG", "usual", "the cluster, as kubectl reads it (`:` between several files, missing ones are skipped)"],
  ["NODE_EXTRA_CA_CERTS", "none", "file with further CAs, for registry, CI API, chat and https repositories"],
  [
    "UV_THREADPOOL_SIZE",
    "`32`",
    "threads that look up names and read files; leave it, as names that DNS is silent about hold some of them",
  ],
  ["OTEL_*", "`http://tempo.monitoring:4317`, gRPC", "[traces](OBSERVABILITY.md); `OTEL_SDK_DISABLED=true` turns them off"],
];

/** The page with its two tables made anew; what stands around them stays. */
export function withTables(page: string): string {
  const tables = [
    ["annotation", annotationRows()],
    ["variable", [...variableRows(), ...readByOthers]],
  ] as const;
  return tables.reduce((text, [kind, rows]) => withTable(text, `| ${kind} | default | meaning |`, rows), page);
}

function withTable(page: string, head: string, rows: readonly Row[]): string {
  const lines = page.split("\n");
  const from = lines.indexOf(head);
  if (from < 0) throw new Error(`docs/CONFIGURATION.md has no table with the head ${head}`);
  const length = lines.slice(from).findIndex((line) => !line.startsWith("|"));
  const body = rows.map(([name, unset, meaning]) => `| \`${name}\` | ${unset} | ${meaning} |`);
  return lines.toSpliced(from, length, head, "| --- | --- | --- |", ...body).join("\n");
}

/** The required ones first. */
function annotationRows(): Row[] {
  const rows = annotationNames.map((name): Row => {
    const { required, default: unset, defaultInDocs, meaning } = annotationOf(name);
    return [name, required ? "required" : (defaultInDocs ?? code(unset)), meaning];
  });
  return rows.toSorted(([, a], [, b]) => Number(b === "required") - Number(a === "required"));
}

function variableRows(): Row[] {
  const defaults: Readonly<Record<string, unknown>> = schema.parse({});
  return Object.entries(schema.shape).flatMap(([name, variable]) => {
    const { description, unset = code(defaults[name]) } = variable.meta() ?? {};
    return description === undefined ? [] : [[name, String(unset), description] as const];
  });
}

/** A list that is empty is none, too. */
function code(value: unknown): string {
  const text = String(value ?? "");
  return text === "" ? "none" : `\`${text}\``;
}
