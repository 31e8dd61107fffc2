/** Files as `kubectl apply -f` would understand them. */
import { parseDefaultsRecord } from "../adapters/kubernetes/defaults-record.ts";
import { mapOf } from "../adapters/kubernetes/map-of.ts";
import { type ObjectType, parseWorkloadRecord } from "../adapters/kubernetes/workload-record.ts";
import { annotationNames, annotationOf } from "../core/annotation-names.ts";
import { annotationPrefix, defaultsLabel } from "../core/annotations.ts";
import { itemKindOf } from "../core/deployment-kind.ts";
import { type Invalid, orInvalid } from "../core/places/yaml-documents.ts";
import { readYamlObjects } from "../core/places/yaml-objects.ts";
import { mergeDefaults } from "../core/targets/namespace-defaults.ts";
import type { DefaultsRecord } from "../core/types.ts";
import type { FileDefaults, FileWorkload, Misplaced } from "./file-objects.ts";
import { lineNumbers } from "./line-numbers.ts";
import { isTemplate, templateOffset, templateProblem } from "./template.ts";

interface ReadObjects {
  readonly kind: "ok";
  readonly workloads: readonly FileWorkload[];
  readonly configMaps: readonly FileDefaults[];
}

export type ReadFile = ReadObjects | (Invalid & { readonly isTemplate: boolean; readonly line?: number });

type Fields = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/** One object of a text, and where it stands in it. */
interface Found {
  readonly object: Fields;
  lineOf(path: Path): number;
  /** Something on that line only Helm could fill in. */
  isTemplated(line: number): boolean;
}

const maxShownKey = 63;

/** The files of one call; defaults of any of them count for the objects of all. */
export function readFiles(texts: readonly string[], defaultNamespace: string): ReadFile[] {
  const files = texts.map((text) => readFile(text, defaultNamespace));
  const defaults = files.flatMap((file) => (file.kind === "ok" ? file.configMaps.flatMap(({ record }) => record ?? []) : []));
  const byNamespace = Map.groupBy(defaults, ({ namespace }) => namespace);
  return files.map((file) =>
    file.kind === "ok" ? { ...file, workloads: file.workloads.map((workload) => withDefaults(workload, byNamespace)) } : file,
  );
}

function readFile(text: string, defaultNamespace: string): ReadFile {
  const { lineAt, textOf } = lineNumbers(text);
  // A line may hold thousands of objects.
  const judged = new Map<number, boolean>();
  const isTemplated = (line: number) => {
    const known = judged.get(line) ?? isTemplate(textOf(line));
    judged.set(line, known);
    return known;
  };
  const read = orInvalid((): ReadObjects => {
    const found = readYamlObjects(text).flatMap(({ value, offsetOf }) =>
      objectsOf(value, (path) => lineAt(offsetOf(path))).map((one) => ({ ...one, isTemplated })),
    );
    return {
      kind: "ok",
      workloads: found.filter(isWorkload).map((one) => readWorkload(one, defaultNamespace)),
      configMaps: found
        .filter(({ object }) => object.apiVersion === "v1" && object.kind === "ConfigMap" && hasDefaultsLabel(object))
        .map((one) => readDefaults(one, defaultNamespace)),
    };
  });
  if (read.kind === "ok") return read;
  const template = templateOffset(text);
  if (template !== undefined)
    return { kind: "invalid", reason: templateProblem(lineAt(template)), isTemplate: true, line: lineAt(template) };
  const line = Number(/^line (\d+): /.exec(read.reason)?.[1]);
  const reason = `${read.reason}; give YAML or JSON that kubectl could apply (of a template, what it renders)`;
  return { kind: "invalid", reason, isTemplate: false, ...(line > 0 && { line }) };
}

/** Of Lists, however deep, the items: what they leave out is what the list says. */
function objectsOf(value: unknown, lineOf: Found["lineOf"], inherited: Fields = {}): Pick<Found, "object" | "lineOf">[] {
  const object: Fields = { ...inherited, ...mapOf(value) };
  const itemKind = itemKindOf(object);
  if (!itemKind || !Array.isArray(object.items)) return [{ object, lineOf }];
  return object.items.flatMap((item, index) => objectsOf(item, (path) => lineOf(["items", index, ...path]), itemKind));
}

/** A Deployment without annotations of ours is one that somebody may have forgotten; other objects are not ours without them. */
function isWorkload(found: Found): found is Found & { readonly object: Fields & ObjectType } {
  const { apiVersion, kind, metadata } = found.object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return false;
  if (apiVersion === "apps/v1" && kind === "Deployment") return true;
  return oursOf(mapOf(metadata).annotations).length > 0 || misplacedIn(found).length > 0;
}

function oursOf(map: unknown): string[] {
  return Object.keys(mapOf(map)).filter((key) => key.startsWith(annotationPrefix));
}

function withDefaults(workload: FileWorkload, byNamespace: ReadonlyMap<string, readonly DefaultsRecord[]>): FileWorkload {
  const defaults = mergeDefaults(byNamespace.get(workload.namespace) ?? []);
  return workload.record && defaults ? { ...workload, record: { ...workload.record, defaults } } : workload;
}

function readWorkload(found: Found & { readonly object: Fields & ObjectType }, defaultNamespace: string): FileWorkload {
  const { object, lineOf } = found;
  const { identity, namesNamespace, problems } = identify(object, defaultNamespace);
  const metadata = mapOf(object.metadata);
  const annotations = textsOf(metadata.annotations, `the ${object.kind}`, problems);
  const type = { kind: object.kind, apiVersion: object.apiVersion };
  const record = parseWorkloadRecord({ ...object, metadata: { ...metadata, ...identity, annotations } }, type);
  const keys = Object.keys(record?.annotations ?? {});
  const paths: Path[] = [["metadata", "name"], ["metadata", "namespace"], ...keys.map((key) => ["metadata", "annotations", key])];
  return {
    ...{ ...type, ...identity, namesNamespace, record, problems, misplaced: misplacedIn(found), images: imagesOf(object) },
    templateLine: paths.map(lineOf).find(found.isTemplated),
    lineOf: (key) => (key !== undefined && Object.hasOwn(annotations, key) ? lineOf(["metadata", "annotations", key]) : lineOf([])),
  };
}

/** Of what makes Pods: a workload, a CronJob. */
const POD_TEMPLATES: readonly Path[] = [
  ["spec", "template"],
  ["spec", "jobTemplate", "spec", "template"],
];

function misplacedIn({ object, lineOf }: Pick<Found, "object" | "lineOf">): Misplaced[] {
  const places: [string, Path][] = [["the labels", ["metadata", "labels"]]];
  for (const template of POD_TEMPLATES) {
    places.push(["the annotations of the Pod template", [...template, "metadata", "annotations"]]);
    places.push(["the labels of the Pod template", [...template, "metadata", "labels"]]);
  }
  return places.flatMap(([where, path]) => {
    const keys = oursOf(at(object, path));
    return keys.length === 0 ? [] : [{ where, keys, line: lineOf([...path, keys[0] ?? ""]) }];
  });
}

function imagesOf(object: Fields): string[] {
  return POD_TEMPLATES.flatMap((template) => {
    const { containers, initContainers } = mapOf(at(object, [...template, "spec"]));
    return [containers, initContainers].flatMap((list) => (Array.isArray(list) ? list : [])).map((container) => mapOf(container).image);
  }).filter((image) => typeof image === "string");
}

function at(object: unknown, path: Path): unknown {
  return path.reduce((value, key) => mapOf(value)[key], object);
}

function hasDefaultsLabel({ metadata }: Fields): boolean {
  return Object.hasOwn(mapOf(mapOf(metadata).labels), defaultsLabel);
}

function readDefaults({ object, lineOf }: Found, defaultNamespace: string): FileDefaults {
  const { identity, namesNamespace, problems } = identify(object, defaultNamespace);
  const metadata = mapOf(object.metadata);
  const labels = textsOf(metadata.labels, "the ConfigMap", problems);
  if (labels[defaultsLabel] !== "true") {
    problems.push(`its label ${defaultsLabel} is not 'true', so it gives no defaults; set it to 'true', or remove it`);
  }
  const data = textsOf(object.data, "the ConfigMap", problems);
  const record = parseDefaultsRecord({ metadata: { ...metadata, ...identity, labels }, data });
  return {
    ...{ ...identity, namesNamespace, record, problems },
    lineOf: (key) => (key !== undefined && Object.hasOwn(data, key) ? lineOf(["data", key]) : lineOf([])),
  };
}

function identify({ metadata }: Fields, defaultNamespace: string) {
  const { name, namespace } = mapOf(metadata);
  const identity = {
    namespace: typeof namespace === "string" && namespace !== "" ? namespace : defaultNamespace,
    name: typeof name === "string" && name !== "" ? name : "(no name)",
  };
  const problems = identity.name === name ? [] : ["metadata.name is missing; set it"];
  return { identity, namesNamespace: identity.namespace === namespace, problems };
}

/** Texts as they are, and what else of ours stands there as text too, which is a problem. */
function textsOf(values: unknown, what: string, problems: string[]): Readonly<Record<string, unknown>> {
  const entries = Object.entries(mapOf(values)).map(([key, value]) => {
    if (typeof value === "string" || !(key.startsWith(annotationPrefix) || key === defaultsLabel)) return [key, value];
    const text = value === null || typeof value === "object" ? "" : asWritten(key, value);
    const remedy = typeof value === "boolean" ? `put it in quotes: '${text}'` : "put it in quotes";
    problems.push(`${key.slice(0, maxShownKey)} is not a string, so the API server refuses ${what}; ${remedy}`);
    return [key, text];
  });
  return Object.fromEntries(entries);
}

/** YAML 1.1 takes `on` for true. */
function asWritten(key: string, value: unknown): string {
  const name = annotationNames.find((one) => key === annotationPrefix + one);
  const isSwitch = name !== undefined && Object.hasOwn(annotationOf(name).choices ?? {}, "on");
  return typeof value === "boolean" && isSwitch ? (value ? "on" : "off") : String(value);
}
