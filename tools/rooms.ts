/**
 * The rooms of src: what each promises, whom it may ask, and by which of its files it is asked. `node tools/rooms.ts --draw` draws the arrows that
 * there are; test/architecture.test.ts fails with the sentence of the rule that a file breaks.
 */
import { glob, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const CORE = ["src/core", "src/sharing", "src/text"];
const ADAPTER = [...CORE, "src/adapters/egress"];

interface Room {
  readonly promise: string;
  /** Other rooms, beside errors.ts, which all may import. */
  readonly asks: readonly string[];
  /** Which of its files others may import; without, all are meant for others. */
  readonly doors?: readonly string[];
}

export const ROOMS: Record<string, Room> = {
  "src/text": { promise: "says what may be shown of a text, and how; knows nothing else", asks: [] },
  "src/sharing": { promise: "shares what is scarce or costly; mechanisms that know nothing of our subject", asks: [] },
  "src/core": {
    promise: "the nouns, what is asked of the world, and one Deployment from top to bottom: reconcile.ts",
    asks: ["src/core/targets", "src/core/commits", "src/core/images", "src/core/places", "src/core/delivery", "src/core/runs", "src/text"],
  },
  "src/core/targets": {
    promise: "what is wanted, from where and with whose keys: annotations become a target",
    asks: ["src/core", "src/text"],
    doors: [
      "target",
      "allowed-repositories",
      "branch",
      "image-check",
      "deployment-path",
      "pause",
      "proposal",
      "proposal-login",
      "port-hint",
      "namespace-defaults",
      "read-branches",
      "read-signing",
      "read-credential",
      "read-forge-login",
      "secret-scope",
    ],
  },
  "src/core/commits": {
    promise: "which commit and which tag, and what a commit of ours says",
    asks: ["src/core", "src/core/targets", "src/text"],
    doors: ["candidates", "commit-message", "commit-words", "taken-back", "trailers", "proposal-page", "web-links"],
  },
  "src/core/images": {
    promise: "is the image there: never a push without a yes",
    asks: ["src/core", "src/sharing"],
    doors: ["image-gate"],
  },
  "src/core/places": {
    promise: "where a tag stands in a manifest, and the manifest with another, byte for byte else the same",
    asks: CORE,
    doors: ["describe-places", "edit-files", "edit-manifest", "yaml-documents", "yaml-objects"],
  },
  "src/core/delivery": {
    promise: "what is ready together goes out in one push, never with force; or is proposed, each on a branch of its own",
    asks: ["src/core", "src/core/commits", "src/core/places", "src/sharing"],
    doors: ["proposing-writers", "write-failures", "writer"],
  },
  "src/core/hints": {
    promise: "which Deployments an event of a forge or registry may concern; nothing else of it is used",
    asks: [...CORE, "src/core/targets", "src/core/commits"],
    doors: ["audience", "hint", "last-events", "match-hint", "read-event"],
  },
  "src/core/history": {
    promise: "which commit of a manifests branch changed which Deployment's tag, and who made it",
    asks: [...CORE, "src/core/commits"],
    doors: ["branch-histories", "history-looks", "is-shut"],
  },
  "src/core/runs": {
    promise: "which runs a call starts, joins or shares, when one is put off, and what is remembered of it",
    asks: [...CORE, "src/core/targets", "src/core/delivery"],
    doors: [
      "calls",
      "reconciler",
      "back-off",
      "findings",
      "hook-runs",
      "last-result",
      "recheck",
      "results",
      "rollouts",
      "secret-budget",
      "timer",
    ],
  },
  "src/core/reports": {
    promise: "what an application's commit says at its forge of each Deployment, and that it comes to say so",
    asks: [...CORE, "src/core/images"],
    doors: ["commit-reports", "mark", "report-stages"],
  },
  "src/core/news": {
    promise: "what is news of a Deployment, once, in the words of Events and of chat",
    asks: ["src/core", "src/core/commits", "src/core/runs", "src/text"],
    doors: ["announcer", "events", "outcome-text"],
  },
  "src/adapters/egress": {
    promise: "what leaves the cluster goes to checked addresses, within the share of the namespace that asks",
    asks: ["src/core", "src/sharing"],
  },
  "src/adapters/ssh": {
    promise: "a channel to a git host whose key is known, over as few logins as can be",
    asks: ADAPTER,
    doors: ["ssh-connections", "ssh-logins", "ssh-key", "known-hosts", "git-command", "ssh-signature", "public-half"],
  },
  "src/adapters/git": {
    promise: "the core's git: newest commits, manifests branches, pushes",
    asks: [...CORE, "src/adapters/git/wire", "src/adapters/git/packs", "src/adapters/git/copies", "src/adapters/ssh", "src/workshop"],
    doors: ["git", "git-credential", "start-problems"],
  },
  "src/adapters/git/wire": {
    promise: "one conversation with a git server, over SSH or https, in protocol 0 or 2",
    asks: [...ADAPTER, "src/core/targets", "src/adapters/git/packs", "src/adapters/ssh", "src/adapters/forge"],
    doors: ["git-remote", "https-access", "acknowledged-push", "receive-pack", "upload-pack"],
  },
  "src/adapters/git/packs": {
    promise: "packs and objects, read and written by git's format; what came from outside is read in a thread",
    asks: [...CORE, "src/core/commits", "src/workshop"],
  },
  "src/adapters/git/copies": {
    promise: "the local copies of manifests branches: there, sound and bounded",
    asks: [...CORE, "src/adapters/git/wire", "src/adapters/git/packs"],
    doors: ["list-files", "manifests-copies", "working-copy", "manifests-copy", "arrivals", "make-folder", "directory-size"],
  },
  "src/adapters/forge": {
    promise: "how a commit's build stands, what is told on it, pull and merge requests, and tokens of GitHub Apps",
    asks: ADAPTER,
    doors: ["forges", "app-tokens"],
  },
  "src/adapters/registry": { promise: "whether a registry has a tag", asks: ADAPTER, doors: ["registry"] },
  "src/adapters/chat": { promise: "messages are on their way, and nobody waits for them", asks: ADAPTER, doors: ["chat"] },
  "src/adapters/kubernetes": {
    promise: "the cluster's Deployments, Secrets and Events",
    asks: [...ADAPTER, "src/core/targets", "src/core/news"],
    doors: [
      "workload-cache",
      "workload-record",
      "defaults-record",
      "defaults-cache",
      "with-defaults",
      "event-recorder",
      "kube-client",
      "load-kube-config",
      "create-secret",
      "map-of",
      "secret-reader",
    ],
  },
  "src/workshop": {
    promise: "a pool of threads for work on what came from outside, that can be ended",
    asks: [...CORE, "src/core/hints", "src/core/places", "src/workshop/jobs"],
    doors: ["workshop", "places", "events"],
  },
  "src/workshop/jobs": {
    promise: "a job of the workshop each, pure",
    asks: ["src/core", "src/adapters/git/packs"],
  },
  "src/http": {
    promise: "listens, bounds what callers hold, and answers by the routes that it is handed; knows none of them",
    asks: CORE,
    doors: ["address-shares", "app", "http-server", "json-list", "query-filter", "require-token", "routes", "send-json", "send-pieces"],
  },
  "src/http/calls": {
    promise: "`/reconcile`, which starts work: for programs, people and our own page, never for a foreign one",
    asks: [...CORE, "src/core/news", "src/http"],
    doors: ["reconcile-routes"],
  },
  "src/http/plain": {
    promise: "`/history`, `/debug`, `/health`, `/ready` and `/metrics`: what is known, as it is",
    asks: [...CORE, "src/http", "src/http/rows"],
    doors: ["plain-routes"],
  },
  "src/http/status": {
    promise: "`/status` and the pages below it, as text, HTML or JSON, and what changes on them while somebody looks",
    asks: [...CORE, "src/core/commits", "src/http", "src/http/pages", "src/http/rows"],
    doors: ["status-routes"],
  },
  "src/http/rows": {
    promise: "what is shown of each workload and of the operator, as plain data",
    asks: [...CORE, "src/core/hints", "src/core/news", "src/core/runs", "src/http"],
    doors: [
      "known",
      "page-facts",
      "operator-facts",
      "workload-facts",
      "understood",
      "history-json",
      "status-query",
      "status-row",
      "status-rows",
      "status-state",
      "without-broken",
    ],
  },
  "src/http/pages": {
    promise: "rows as HTML, with all that is not ours escaped",
    asks: [...CORE, "src/core/commits", "src/core/news", "src/http/rows"],
    doors: ["status-page", "workload-page", "error-page", "page-parts", "status-script"],
  },
  "src/http/hooks": {
    promise: "proves who sent an event, before anything of it is read",
    asks: [...CORE, "src/core/hints", "src/http"],
    doors: ["hook-server"],
  },
  "src/telemetry": {
    promise: "logs, metrics, traces, and what must not be told",
    asks: CORE,
    doors: ["logger", "metrics", "readable-output", "redact", "state-metrics", "traced-http", "traced-ports", "tracing"],
  },
  "src/check": {
    promise: "asks what a pass would ask, before anything is applied, and changes nothing",
    asks: [
      ...[...CORE, "src/core/targets", "src/core/commits", "src/core/images", "src/core/places"],
      ...["src", "src/commands", "src/telemetry", "src/adapters/git/copies", "src/adapters/kubernetes"],
    ],
    doors: ["check-command"],
  },
  "src/keys": {
    promise: "makes keys for git, and shows the public halves of those that are named; a private half is never printed",
    asks: [...CORE, "src/core/targets", "src", "src/commands", "src/telemetry", "src/adapters/kubernetes", "src/adapters/ssh"],
    doors: ["keygen-command", "identity-command"],
  },
  "src/commands": {
    promise: "which commands there are, and what was asked of them; says what would happen before it does",
    asks: ["src/adapters/kubernetes"],
    doors: ["bare-start", "help", "parse-command-line", "terminal"],
  },
};

/** Wires the rooms together, so it may ask them all; only `check`, a program of its own, asks it. */
const WIRING = "src";
ROOMS[WIRING] = {
  promise: "puts the operator together from its configuration",
  asks: Object.keys(ROOMS),
  doors: ["config", "connect-outside", "system-clock"],
};

/** Paths from the project's folder. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** The imports of one file that name another file of the project. */
export function importsOf(file: string, source: string): Import[] {
  const found = source.matchAll(/^(?:import|export)\b[^;]*?from\s+"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm);
  return [...found].map(([, from, loaded]) => ({ from: file, to: normalize(join(dirname(file), from ?? loaded ?? "")) }));
}

/** Why that import is not as it should be; undefined: it is. */
export function problemOf({ from, to }: Import): string | undefined {
  const [here, there] = [dirname(from), dirname(to)];
  if (!to.startsWith("src/")) return `${from} imports ${to}, which the program does not ship`;
  if (here === there || to === "src/errors.ts") return undefined;
  const [room, asked] = [ROOMS[here], ROOMS[there]];
  if (!room) return `${from} is in ${here}, which is no room; add it to tools/rooms.ts, with what it promises`;
  if (!asked) return `${to} is in ${there}, which is no room; add it to tools/rooms.ts, with what it promises`;
  if (!room.asks.includes(there)) {
    return `${from} imports ${to}, but ${here} (${room.promise}) does not ask ${there} (${asked.promise}); pass it in, or move what both need`;
  }
  const name = relative(there, to).replace(/\.ts$/, "");
  if (asked.doors && !asked.doors.includes(name)) {
    return `${from} imports ${to}, which is ${there}'s own; import one of its doors: ${asked.doors.join(", ")}`;
  }
  return undefined;
}

/** Doors that no other room uses. */
export function idleDoors(imports: readonly Import[]): string[] {
  const used = new Set(imports.filter(({ from, to }) => dirname(from) !== dirname(to)).map(({ to }) => to));
  return Object.entries(ROOMS).flatMap(([room, { doors = [] }]) =>
    doors
      .filter((door) => !used.has(`${room}/${door}.ts`))
      .map((door) => `${room} has the door ${door}, which no other room uses; close it in tools/rooms.ts`),
  );
}

/** All imports between files of src. */
export async function readImports(root: string): Promise<Import[]> {
  const imports: Import[] = [];
  for await (const file of glob("src/**/*.ts", { cwd: root })) imports.push(...importsOf(file, await readFile(join(root, file), "utf8")));
  return imports;
}

/** The arrows between the rooms, one line for each room, with how many imports make each. */
export function drawArrows(imports: readonly Import[]): string {
  const arrows = new Map<string, Map<string, number>>();
  for (const { from, to } of imports) {
    const [here, there] = [dirname(from), dirname(to)];
    if (here === there || to === "src/errors.ts") continue;
    const row = arrows.get(here) ?? new Map<string, number>();
    arrows.set(here, row.set(there, (row.get(there) ?? 0) + 1));
  }
  const short = (room: string) => (room === WIRING ? "(wiring)" : room.slice("src/".length));
  return [...arrows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([room, asked]) => `${short(room).padEnd(20)} ─► ${[...asked].map(([to, count]) => `${short(to)} ${count}`).join(", ")}`)
    .join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const imports = await readImports(join(dirname(fileURLToPath(import.meta.url)), ".."));
  const problems = [...imports.flatMap((one) => problemOf(one) ?? []), ...idleDoors(imports)];
  if (problems.length > 0 || process.argv.includes("--draw")) console.log(drawArrows(imports));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
