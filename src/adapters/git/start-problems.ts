/** What is wrong on this machine's disk already at the start: no reason to end, for a volume may come later, but to be told at once. */
import { readKnownHosts } from "../ssh/known-hosts.ts";
import { makeFolder } from "./copies/make-folder.ts";
import { diskError } from "./packs/disk-error.ts";

interface StartProblem {
  readonly level: "warn" | "info";
  readonly problem: string;
  readonly message: string;
}

/** `knownHostsNamed`: files that are missing are told. */
export async function startProblems(
  { workDir, knownHostsNamed }: { readonly workDir: string; readonly knownHostsNamed: boolean },
  knownHostsFiles: readonly string[],
): Promise<StartProblem[]> {
  const found: StartProblem[] = [];
  const warn = (message: string, problem: string) => void found.push({ level: "warn", problem, message });
  await makeFolder(workDir).catch((error: unknown) => warn("WORK_DIR can't be used", (diskError(error) as Error).message));
  try {
    const { problems, missing } = await readKnownHosts(knownHostsFiles);
    for (const problem of problems) warn("Line of a known_hosts file ignored", problem);
    // The manifests name the file of a ConfigMap that most clusters do without.
    const message = "File of SSH_KNOWN_HOSTS is not there (yet); it is read at each connection";
    for (const file of knownHostsNamed ? missing : []) found.push({ level: "info", problem: `${file} does not exist`, message });
  } catch (error) {
    warn("File of SSH_KNOWN_HOSTS can't be read", (error as Error).message);
  }
  return found;
}
