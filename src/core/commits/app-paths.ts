/** What stands at some paths of a folder tree, told from the ids of its entries alone: equal prints, nothing there has changed. */
import type { FolderQuestion, FolderView, PathPrint, PathPrinter } from "../app-history.ts";
import type { AppPaths } from "../types.ts";

/** A folder of the paths, or the end of one. */
interface PathNode {
  /** `services/shop`; the root has none. */
  readonly path: string;
  /** Whether what lies here counts, but for what the children say. */
  counts: boolean;
  /** A path that is written in the annotation ends here. */
  isNamed: boolean;
  readonly children: Map<string, PathNode>;
  /** Theirs, the same array whenever it is asked for. */
  readonly names: string[];
}

/**
 * Of the paths that hold a file, the longest decides: `services, !services/docs, services/docs/api` counts all services, but of their docs the
 * API's alone. Where nothing but exclusions is named, everything else counts.
 */
export function createPathPrinter({ include, exclude }: AppPaths): PathPrinter {
  const root: PathNode = { path: "", counts: include.length === 0, isNamed: false, children: new Map(), names: [] };
  const named = [...new Set([...include, ...exclude])].sort(shorterFirst);
  for (const path of named) plant(root, path, !exclude.includes(path));
  return {
    key: JSON.stringify([[...include].sort(), [...exclude].sort()]),
    print(tree, viewOf) {
      const found: string[] = [];
      const needed: FolderQuestion[] = [];

      /** Nothing where nothing counts: an empty folder is as good as none. */
      function printFolder(node: PathNode, id: string): string {
        const question = { tree: id, names: node.names };
        const view = viewOf(question);
        if (!view) {
          needed.push(question);
          return "";
        }
        const parts = [...node.children.values()].map((child, i) => printEntry(child, view.named[i]));
        if (node.counts) parts.push(view.rest);
        return parts.some((part) => part !== "") ? `(${parts.join(",")})` : "";
      }

      function printEntry(node: PathNode, entry: FolderView["named"][number]): string {
        if (!entry) return "";
        if (node.isNamed) found.push(node.path);
        if (node.children.size > 0 && entry.mode === FOLDER) return printFolder(node, entry.id);
        return node.counts ? `${entry.mode} ${entry.id}` : "";
      }

      const print = printFolder(root, tree);
      return needed.length > 0 ? { kind: "needs", folders: needed } : { kind: "print", print: { print, found } };
    },
  };
}

/** Whether a commit changes what counts. `before`: its first parent's; a commit without one changes it when anything is there. */
export function isChanged(after: PathPrint, before: PathPrint | undefined): boolean {
  return after.print !== (before?.print ?? "");
}

/** As the annotation has it: the first of its paths that none of these commits has. */
export function missingPath({ include, exclude }: AppPaths, prints: Iterable<PathPrint>): string | undefined {
  const found = new Set([...prints].flatMap((print) => print.found));
  const missing = (path: string) => !found.has(path);
  const excluded = exclude.find(missing);
  return include.find(missing) ?? (excluded === undefined ? undefined : `!${excluded}`);
}

const FOLDER = "40000";

function shorterFirst(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/** The shorter paths have been planted: what is above this one says what its folders count as. */
function plant(root: PathNode, path: string, counts: boolean): void {
  let node = root;
  for (const name of path.split("/")) {
    const below = node.path === "" ? name : `${node.path}/${name}`;
    const child = node.children.get(name) ?? { path: below, counts: node.counts, isNamed: false, children: new Map(), names: [] };
    if (!node.children.has(name)) node.names.push(name);
    node.children.set(name, child);
    node = child;
  }
  node.counts = counts;
  node.isNamed = true;
}
