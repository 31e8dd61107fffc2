import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";
import type { Branches } from "../progress.ts";
import { idOf, type Name, type SecretRef } from "../types.ts";

const MOST_KEYS_BYTES = 4 * 2 ** 20;
const MOST_BRANCHES_BYTES = 8 * 2 ** 20;

/** What runs found on their way and people ask about later. Each is undefined until it was found. */
export interface Findings {
  readonly branchesFound: (name: Name, branches: Branches) => void;
  /** Of a Secret with an SSH key: whether it says for which repositories. */
  readonly keyRead: (ref: SecretRef, isBound: boolean) => void;
  readonly branchesOf: (name: Name) => Branches | undefined;
  /** Whether it was bound to no repositories when it was last read. */
  readonly isUnboundKey: (ref: SecretRef) => boolean | undefined;
}

export function createFindings(): Findings {
  const unboundKeys = createBoundedMap<boolean>(MOST_KEYS_BYTES, dataBytes);
  const branches = createBoundedMap<Branches>(MOST_BRANCHES_BYTES, dataBytes);
  const idOfKey = ({ namespace, name }: SecretRef) => `${namespace}/${name}`;
  return {
    branchesFound: ({ namespace, deployment }, found) => branches.set(idOf({ namespace, deployment }), found, namespace),
    keyRead: (ref, isBound) => unboundKeys.set(idOfKey(ref), !isBound, ref.namespace),
    branchesOf: (name) => branches.get(idOf(name)),
    isUnboundKey: (ref) => unboundKeys.get(idOfKey(ref)),
  };
}
