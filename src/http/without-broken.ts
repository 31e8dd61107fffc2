/**
 * One page of many objects, made again without those that it throws for; they are told. That is a mistake of ours in one object, which must not
 * take the page from the others (SECURITY.md, F46). Only then are they looked at one by one.
 */
export function withoutBroken<Item, Page>(
  items: readonly Item[],
  make: (items: readonly Item[], broken: readonly Item[]) => Page,
  onBroken: (item: Item, error: unknown) => void,
): Page {
  try {
    return make(items, []);
  } catch {
    const sound: Item[] = [];
    const broken: Item[] = [];
    for (const item of items) {
      try {
        make([item], []);
        sound.push(item);
      } catch (error) {
        onBroken(item, error);
        broken.push(item);
      }
    }
    return make(sound, broken);
  }
}
