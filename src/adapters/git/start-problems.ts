/** What is wrong on this machine's disk already at the start: no reason to end, for a volume may come later, but to be told at once. */
import { diskError } from "./disk-error.ts";
import { makeFolder } from "./make-folder.ts";
import { type KnownHosts, readKnownHosts } from "./ssh/known-hosts.ts";

export interface DiskSettings {
  readonly workDir: string;
  /** Missing ones are a mistake. */
  readonly knownHostsNamed: boolean;
}

/** Pairs of what is wrong and of the line that tells it. */
export async function startProblems(
  { workDir, knownHostsNamed }: DiskSettings,
  knownHostsFiles: readonly string[],
): Promise<[problem: string, message: string][]> {
  const folder = await makeFolder(workDir).then(
    () => [],
    (error: unknown) => [(diskError(error) as Error).message],
  );
  const hosts: Pick<KnownHosts, "problems" | "missing"> | Error = await readKnownHosts(knownHostsFiles).catch((error: Error) => error);
  const unread = hosts instanceof Error ? [hosts.message] : knownHostsNamed ? hosts.missing.map((name) => `${name} does not exist`) : [];
  const lines = hosts instanceof Error ? [] : hosts.problems;
  return [
    ...folder.map((problem): [string, string] => [problem, "WORK_DIR can't be used"]),
    ...unread.map((problem): [string, string] => [problem, "File of SSH_KNOWN_HOSTS can't be read"]),
    ...lines.map((problem): [string, string] => [problem, "Line of a known_hosts file ignored"]),
  ];
}
