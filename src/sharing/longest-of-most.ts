/** The first one of the namespace that has most: who holds least in common loses last. */
export function longestOfMost<T extends { readonly namespace: string }>(held: readonly T[]): T {
  const byNamespace = [...Map.groupBy(held, ({ namespace }) => namespace).values()];
  return byNamespace.reduce((most, some) => (some.length > most.length ? some : most))[0] as T;
}
