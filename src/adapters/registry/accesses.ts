/** How registries want to be asked, remembered with their tokens: each no longer than it is good. */
import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";

/** How the registry wants to be asked about a repository. */
export type Access = { readonly scheme: "basic" } | { readonly scheme: "bearer"; readonly token: string; readonly until: number };

const MOST_BYTES = 4 * 2 ** 20;

/** `now`: milliseconds, monotonic, as `until`. */
export function createAccesses(now: () => number) {
  const accesses = createBoundedMap<Access>(MOST_BYTES, dataBytes);
  const isOver = (access: Access) => access.scheme === "bearer" && access.until <= now();

  function dropOver(): void {
    for (const [key, access] of accesses.entries()) if (isOver(access)) accesses.delete(key);
  }

  return {
    get(key: string): Access | undefined {
      const access = accesses.get(key);
      return access && isOver(access) ? undefined : access;
    },
    /** `namespace`: of the Deployment that asks, whose share it takes. */
    keep(key: string, access: Access, namespace: string | undefined): void {
      dropOver();
      if (!isOver(access)) accesses.set(key, access, namespace);
    },
    delete: accesses.delete,
  };
}
