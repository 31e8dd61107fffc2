import { parseAllDocuments } from "yaml";
import type { BareRepository } from "../bare-repository.ts";
import type { NewObject } from "../cluster-api/kinds.ts";
import type { ClusterApi } from "../cluster-api.ts";
import { git } from "../git-process.ts";

interface Manifest extends NewObject {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } } };
}

/** Makes the cluster's Deployments what git says, as Argo CD does that prunes: what git had and has no more is deleted. */
export function createToyCd(manifests: BareRepository, cluster: ClusterApi, tell: (text: string) => void) {
  let applied = new Map<string, Manifest>();

  return async (sha: string): Promise<void> => {
    let found: Manifest[];
    try {
      found = await deploymentsIn(manifests, sha);
    } catch (error) {
      // A cluster stays as it is where git can't be understood.
      return tell(`applies nothing of ${sha.slice(0, 7)}: ${(error as Error).message.split("\n", 1)[0]}`);
    }
    const wanted = new Map(found.map((one) => [nameOf(one), one]));
    for (const [name, one] of wanted) {
      const live = cluster.get("Deployment", one.metadata.namespace ?? "default", one.metadata.name);
      const before = new Set(Object.keys(applied.get(name)?.metadata.annotations ?? {}));
      const others = Object.entries(live?.metadata.annotations ?? {}).filter(([key]) => !before.has(key));
      const annotations = { ...Object.fromEntries(others), ...(one.metadata.annotations as object) };
      const next = cluster.put({ ...one, metadata: { ...live?.metadata, ...one.metadata, annotations } });
      if (next !== live) tell(`applies ${sha.slice(0, 7)}: ${name} is to run ${imagesOf(one).join(", ")}`);
    }
    for (const [name, { metadata }] of applied) {
      if (wanted.has(name)) continue;
      cluster.delete("Deployment", metadata.namespace ?? "default", metadata.name);
      tell(`deletes ${name}, which ${sha.slice(0, 7)} has no more`);
    }
    applied = wanted;
  };
}

async function deploymentsIn({ directory }: BareRepository, sha: string): Promise<Manifest[]> {
  const files = (await git(directory, ["ls-tree", "-r", "-z", "--name-only", sha])).toString().split("\0");
  const found: Manifest[] = [];
  for (const file of files.filter((one) => /\.ya?ml$/.test(one))) {
    for (const document of parseAllDocuments((await git(directory, ["cat-file", "blob", `${sha}:${file}`])).toString())) {
      const [problem] = document.errors;
      if (problem) throw new Error(`${file}: ${problem.message}`);
      const object = document.toJS() as Manifest | null;
      if (object?.kind !== "Deployment") continue;
      if (!object.metadata?.name) throw new Error(`${file}: a Deployment has no name`);
      found.push(object);
    }
  }
  return found;
}

function nameOf({ metadata }: Manifest): string {
  return `${metadata.namespace ?? "default"}/${metadata.name}`;
}

function imagesOf({ spec }: Manifest): (string | undefined)[] {
  return (spec?.template?.spec?.containers ?? []).map(({ image }) => image);
}
