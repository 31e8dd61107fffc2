import type { WorkloadRecord } from "../../core/types.ts";
import { type ObjectIdentity, parseDeploymentRecord } from "./deployment-record.ts";
import { type KubeClient, type KubeLimits, mostAnswerBytes } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import { type ListPage, readListPage } from "./kube-messages.ts";

/** The first page is small: what it costs is not known yet, to the API server either. */
const firstItems = 25;
const mostItems = 200;
/** Names and annotations without what the objects want. */
const metadataOnly = {
  accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  // One object's managedFields alone: 1.5 MiB in etcd, six times as long by JSON's escapes.
  mostBytes: 2 * mostAnswerBytes,
};
const problem = `is larger than ${mostAnswerBytes / 2 ** 20} MiB as the API server sends it, so it is not read and not reconciled; make the Deployment smaller`;

/**
 * The Deployments below one path. Whoever makes large ones makes pages small, down to a page for each; one that does not even fit alone is
 * shown as too large, and stops no other. `limits`: of one page, to its last byte.
 */
export function createDeploymentLister(client: KubeClient, path: string, limits: KubeLimits) {
  /** Items of the next page: halved when a page was too large or late, doubled when one was small. */
  let limit = firstItems;

  async function read(where: string, form: Partial<typeof metadataOnly> = {}): Promise<ListPage> {
    const answer = await client.get(where, { ...limits, ...form });
    if (answer.status !== 200) throw KubeError.ofAnswer(answer);
    return readListPage(answer.text);
  }

  async function readPage(from: string): Promise<Omit<ListPage, "items"> & { readonly records: readonly WorkloadRecord[] }> {
    for (;;) {
      const isAlone = limit === 1;
      try {
        const { items, ...rest } = await read(`${path}?limit=${limit}${from}`);
        if (2 * rest.bytes <= mostAnswerBytes) limit = Math.min(mostItems, 2 * limit);
        return { ...rest, records: items.flatMap((item) => parseDeploymentRecord(item) ?? []) };
      } catch (error) {
        const kind = error instanceof KubeError ? error.kind : undefined;
        if (kind !== "too_large" && kind !== "deadline") throw error;
        limit = Math.ceil(limit / 2);
        if (kind === "deadline") throw error;
        if (!isAlone) continue;
      }
      const { items, ...rest } = await read(`${path}?limit=1${from}`, metadataOnly);
      return { ...rest, records: items.flatMap(asTooLarge) };
    }
  }

  return {
    /** All that are ours, page by page. */
    async all() {
      const records: WorkloadRecord[] = [];
      let from = "";
      for (;;) {
        const page = await readPage(from);
        records.push(...page.records);
        if (page.continueToken === "") return { records, resourceVersion: page.resourceVersion };
        from = `&continue=${encodeURIComponent(page.continueToken)}`;
      }
    },
    /** That of the newest list. */
    version: async () => (await read(`${path}?limit=1`, metadataOnly)).resourceVersion,
    /** What is shown of one that is too large to be read; undefined: it is not ours, or gone. */
    async tooLarge({ namespace, name }: ObjectIdentity) {
      const one = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
      return (await read(one, metadataOnly)).items.flatMap(asTooLarge)[0];
    },
  };
}

function asTooLarge(item: unknown): readonly WorkloadRecord[] {
  const record = parseDeploymentRecord(item);
  return record ? [{ ...record, problem }] : [];
}
