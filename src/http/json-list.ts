/** A JSON list in pieces, one for each entry, which is JSON already; an empty piece for what is none. */
export function* jsonList(entries: Iterable<string | undefined>): Generator<string> {
  let before = "[";
  for (const entry of entries) {
    yield entry === undefined ? "" : before + entry;
    if (entry !== undefined) before = ",";
  }
  yield before === "[" ? "[]" : "]";
}
