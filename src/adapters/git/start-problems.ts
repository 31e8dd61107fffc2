/** What is wrong on this machine's disk already at the start: no reason to end, for a volume may come later, but to be told at once. */
import { type KnownHosts, readKnownHosts } from "../ssh/known-hosts.ts";
import { makeFolder } from "./copies/make-folder.ts";
import { diskError } from "./packs/disk-error.ts";

interface DiskSettings {
  readonly workDir: string;
  /** Missing ones are told. */
  readonly knownHostsNamed: boolean;
}

interface StartProblem {
  readonly level: "warn" | "info";
  readonly problem: string;
  readonly message: string;
}

export async function startProblems(
  { workDir, knownHostsNamed }: DiskSettings,
  knownHostsFiles: readonly string[],
): Promise<StartProblem[]> {
  const folder = await makeFolder(workDir).then(
    () => [],
    (error: unknown) => [(diskError(error) as Error).message],
  );
  const hosts: Pick<KnownHosts, "problems" | "missing"> | Error = await readKnownHosts(knownHostsFiles).catch((error: Error) => error);
  const { problems, missing } = hosts instanceof Error ? { problems: [], missing: [] } : hosts;
  const warn = (message: string) => (problem: string) => ({ level: "warn" as const, problem, message });
  return [
    ...folder.map(warn("WORK_DIR can't be used")),
    ...(hosts instanceof Error ? [hosts.message] : []).map(warn("File of SSH_KNOWN_HOSTS can't be read")),
    ...problems.map(warn("Line of a known_hosts file ignored")),
    // The manifests name the file of a ConfigMap that most clusters do without.
    ...(knownHostsNamed ? missing : []).map((file) => ({
      ...{ level: "info" as const, problem: `${file} does not exist` },
      message: "File of SSH_KNOWN_HOSTS is not there (yet); it is read at each connection",
    })),
  ];
}
