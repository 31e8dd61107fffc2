/** What a file to be checked holds that concerns us. */
import type { ObjectType } from "../adapters/kubernetes/workload-record.ts";
import type { DefaultsRecord, WorkloadRecord } from "../core/types.ts";

interface FileObject {
  readonly namespace: string;
  readonly name: string;
  readonly namesNamespace: boolean;
  /** What the API server would refuse of what is ours. */
  readonly problems: readonly string[];
  /** Of an annotation by its full name, or of a key of a ConfigMap; without, or where it is not written there, of the object itself. */
  lineOf(key?: string): number;
}

/** A Deployment, or any other object that has our annotations, or has them in a wrong place. */
export interface FileWorkload extends FileObject, ObjectType {
  /** Undefined: no annotation is ours. */
  readonly record: WorkloadRecord | undefined;
  /** Keys of ours that stand where they have no effect. */
  readonly misplaced: readonly Misplaced[];
  /** Of the containers of its Pods. */
  readonly images: readonly string[];
  /** The first line of what counts here that only Helm could fill in. */
  readonly templateLine: number | undefined;
}

export interface Misplaced {
  readonly where: string;
  readonly keys: readonly string[];
  readonly line: number;
}

/** A ConfigMap that has our label, right or wrong. */
export interface FileDefaults extends FileObject {
  /** Undefined: it gives no defaults, for a reason that is among the problems. */
  readonly record: DefaultsRecord | undefined;
}
