import type { Name } from "../core/types.ts";

/**
 * Shows objects one by one, without those that it throws for; they are told. That is a mistake of ours in one object, which must not take the
 * page from the others (docs/ASSURANCE.md, F46).
 */
export interface WithoutBroken {
  /** Undefined: it can't be shown, now or before. */
  show<T>(name: Name, make: () => T): T | undefined;
  /** Those that could not be, so far. */
  broken(): Iterable<Name>;
}

export function createWithoutBroken(onBroken: (name: Name, error: unknown) => void): WithoutBroken {
  const broken = new Map<string, Name>();
  return {
    show({ namespace, deployment }, make) {
      const id = `${namespace}/${deployment}`;
      if (broken.has(id)) return undefined;
      try {
        return make();
      } catch (error) {
        broken.set(id, { namespace, deployment });
        onBroken({ namespace, deployment }, error);
        return undefined;
      }
    },
    broken: () => broken.values(),
  };
}
