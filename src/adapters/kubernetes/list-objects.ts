import { type KubeClient, type KubeLimits, mostAnswerBytes } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import { type ListPage, readListPage } from "./kube-messages.ts";
import { METADATA_LIST, type ObjectSource, pathIn, selectorQuery } from "./object-source.ts";
import type { ObjectIdentity } from "./workload-record.ts";

/** `problem`: why nothing more is known of it. */
export type KeptObject = ObjectIdentity & { readonly problem?: string };

/** The first page is small: what it costs is not known yet, to the API server either. */
const firstItems = 25;
const mostItems = 200;
/** Names and annotations without what the objects want. */
const byMetadata = { accept: METADATA_LIST };
const largeByMetadata = {
  ...byMetadata,
  // One object's managedFields alone: 1.5 MiB in etcd, six times as long by JSON's escapes.
  mostBytes: 2 * mostAnswerBytes,
};
const problem = `is larger than ${mostAnswerBytes / 2 ** 20} MiB as the API server sends it, so it is not read and not reconciled; make it smaller`;

/**
 * The objects of one source. Whoever makes large ones makes pages small, down to a page for each; one that does not even fit alone is
 * shown as too large, and stops no other. `limits`: of one page, to its last byte.
 */
export function createLister<Kept extends KeptObject>(
  client: KubeClient,
  source: ObjectSource,
  parse: (object: unknown) => Kept | undefined,
  limits: KubeLimits,
) {
  const { path } = source;
  const selected = selectorQuery(source);
  const usual = source.isWhole ? {} : byMetadata;
  /** Items of the next page: halved when a page was too large or late, doubled when one was small. */
  let limit = firstItems;

  function asTooLarge(item: unknown): readonly Kept[] {
    const record = parse(item);
    return record ? [{ ...record, problem }] : [];
  }

  async function read(where: string, form: Partial<typeof largeByMetadata> = usual): Promise<ListPage> {
    const answer = await client.get(where + selected, { ...limits, ...form });
    if (answer.status !== 200) throw KubeError.ofAnswer(answer);
    return readListPage(answer.text);
  }

  async function readPage(from: string): Promise<Omit<ListPage, "items"> & { readonly records: readonly Kept[] }> {
    for (;;) {
      const isAlone = limit === 1;
      try {
        const { items, ...rest } = await read(`${path}?limit=${limit}${from}`);
        if (2 * rest.bytes <= mostAnswerBytes) limit = Math.min(mostItems, 2 * limit);
        return { ...rest, records: items.flatMap((item) => parse(item) ?? []) };
      } catch (error) {
        const kind = error instanceof KubeError ? error.kind : undefined;
        if (kind !== "too_large" && kind !== "deadline") throw error;
        limit = Math.ceil(limit / 2);
        if (kind === "deadline") throw error;
        if (!isAlone) continue;
      }
      const { items, ...rest } = await read(`${path}?limit=1${from}`, largeByMetadata);
      return { ...rest, records: items.flatMap(asTooLarge) };
    }
  }

  return {
    /** All that are ours, page by page. */
    async all() {
      const records: Kept[] = [];
      let from = "";
      for (;;) {
        const page = await readPage(from);
        records.push(...page.records);
        if (page.continueToken === "") return { records, resourceVersion: page.resourceVersion };
        from = `&continue=${encodeURIComponent(page.continueToken)}`;
      }
    },
    /** That of the newest list. */
    version: async () => (await read(`${path}?limit=1`, largeByMetadata)).resourceVersion,
    /** What is shown of one that is too large to be read; undefined: it is not ours, or gone. */
    async tooLarge({ namespace, name }: ObjectIdentity) {
      // Below its namespace, where the path is that of all: the API server has to look at that one alone.
      const one = `${pathIn(source, namespace)}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
      return (await read(one, largeByMetadata)).items.flatMap(asTooLarge)[0];
    },
  };
}
