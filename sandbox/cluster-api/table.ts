import type { KindName, KubeObject } from "./kinds.ts";

/** A column of `kubectl get`; those with priority 1 are shown with `-o wide` only. */
interface Column {
  readonly name: string;
  readonly priority?: 1;
  readonly cell: (object: KubeObject) => string | number;
}

interface Shape {
  readonly type?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly data?: object;
  readonly regarding?: { readonly kind?: string; readonly name?: string };
  readonly status?: {
    readonly phase?: string;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number; readonly state: object }[];
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name?: string; readonly image?: string }[];
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly name?: string; readonly image?: string }[] } };
  };
}

const name: Column = { name: "Name", cell: (object) => object.metadata.name };
const age: Column = { name: "Age", cell: (object) => ageOf(object.metadata.creationTimestamp) };

const columns: Readonly<Partial<Record<KindName, readonly Column[]>>> = {
  Namespace: [name, column("Status", ({ status }) => status?.phase ?? ""), age],
  Secret: [name, column("Type", ({ type }) => type ?? ""), column("Data", ({ data }) => Object.keys(data ?? {}).length), age],
  ConfigMap: [name, column("Data", ({ data }) => Object.keys(data ?? {}).length), age],
  Pod: [
    name,
    column("Ready", ({ status, spec }) => `${statusesOf(status).filter(({ ready }) => ready).length}/${spec?.containers?.length ?? 0}`),
    column("Status", ({ status }) => waitsFor(status) ?? status?.phase ?? "Unknown"),
    column("Restarts", ({ status }) => statusesOf(status).reduce((sum, { restartCount }) => sum + restartCount, 0)),
    age,
    column("IP", () => "<none>", 1),
    column("Node", ({ spec }) => spec?.nodeName ?? "<none>", 1),
  ],
  Deployment: [
    name,
    column("Ready", ({ status, spec }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`),
    column("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
    column("Available", ({ status }) => status?.availableReplicas ?? 0),
    age,
    column(
      "Containers",
      (shape) =>
        containersOf(shape)
          .map((container) => container.name)
          .join(","),
      1,
    ),
    column(
      "Images",
      (shape) =>
        containersOf(shape)
          .map((container) => container.image)
          .join(","),
      1,
    ),
  ],
  Event: [
    { ...age, name: "Last Seen" },
    column("Type", ({ type }) => type ?? ""),
    column("Reason", ({ reason }) => reason ?? ""),
    column("Object", ({ regarding }) => `${regarding?.kind?.toLowerCase()}/${regarding?.name}`),
    column("Message", ({ note }) => note ?? ""),
  ],
};

/** meta.k8s.io/v1 Table: what `kubectl get` prints. With `whole`, rows carry the object, else its metadata only. */
export function tableOf(kind: string, objects: readonly KubeObject[], metadata: object, whole: boolean): object {
  const shown = columns[kind as KindName] ?? [name, age];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: shown.map(({ name, priority = 0 }) => ({
      name,
      type: "string",
      format: name === "Name" ? "name" : "",
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object)),
      object: whole ? object : { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    })),
  };
}

function column(name: string, cell: (shape: Shape) => string | number, priority?: 1): Column {
  return { name, cell: (object) => cell(object as Shape), ...(priority && { priority }) };
}

function containersOf({ spec }: Shape): readonly { readonly name?: string; readonly image?: string }[] {
  const containers = spec?.template?.spec?.containers;
  return Array.isArray(containers) ? containers : [];
}

function statusesOf(status: Shape["status"]) {
  return status?.containerStatuses ?? [];
}

/** `ContainerCreating`, of the first container that waits. */
function waitsFor(status: Shape["status"]): string | undefined {
  const waiting = statusesOf(status).flatMap(({ state }) => ("waiting" in state ? [state.waiting as { readonly reason: string }] : []));
  return waiting[0]?.reason;
}

/** As kubectl words it: 45s, 12m, 5h, 3d. */
function ageOf(creationTimestamp: string | undefined): string {
  const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(creationTimestamp ?? "")) / 1000));
  if (Number.isNaN(seconds)) return "<unknown>";
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
