/**
 * What people do meanwhile: they push to applications, build images late or never, write to the manifests, take versions back in them, rarely
 * rewrite them, switch Deployments.
 */
import type { BareRepository } from "../sandbox/bare-repository.ts";
import { git } from "../sandbox/git-process.ts";
import { createRandom, type Random } from "../test/random.ts";
import { pause, repeatedly } from "./repeatedly.ts";
import { type App, OPERATOR, type Town } from "./town.ts";

export interface Changes {
  /** Other writers' commits in each manifests repository. */
  readonly others: ReadonlyMap<BareRepository, ReadonlySet<string>>;
  /** Commits of anybody that a writer's own force-push took away. */
  readonly dropped: ReadonlySet<string>;
  /** `FROM TO` of each force-push. */
  readonly forced: ReadonlySet<string>;
  readonly counts: {
    appCommits: number;
    failedBuilds: number;
    otherCommits: number;
    rollbacks: number;
    racesLost: number;
    forcePushes: number;
    switches: number;
  };
  readonly done: Promise<unknown>;
}

export function makeChanges(town: Town, seed: number, signal: AbortSignal): Changes {
  const others = new Map(town.manifests.map((repository) => [repository, new Set<string>()]));
  const dropped = new Set<string>();
  const forced = new Set<string>();
  const counts = { appCommits: 0, failedBuilds: 0, otherCommits: 0, rollbacks: 0, racesLost: 0, forcePushes: 0, switches: 0 };
  let edits = 0;

  async function commitToApp(random: Random): Promise<void> {
    const app = random.pick(town.apps);
    const sha = await app.commit();
    counts.appCommits += 1;
    const fate = random.integer(10);
    const late = () => void pause(signal, 500 + random.integer(6_000)).then(() => app.build(sha));
    if (fate < 5) app.build(sha);
    else if (fate < 7) late();
    else if (fate === 7) {
      app.setBuild(sha, "running");
      late();
    } else if (fate === 8) {
      app.setBuild(sha, "failed");
      counts.failedBuilds += 1;
    }
    // Else nobody builds it, as CI does with a change of documentation alone.
  }

  async function writeManifests(random: Random): Promise<void> {
    const app = random.pick(town.apps);
    const edit = ++edits;
    const isNear = random.integer(3) === 0;
    const text = await app.manifests.read(app.path);
    const change = isNear ? { [app.path]: nearEdit(text, app, edit) } : { "README.md": `${edit}\n` };
    // When the operator wrote between our reading and our commit, this took its line back, as people do: it stays so until the next commit.
    await commitToManifests(app, change, `Edit ${edit}`);
  }

  /** The operator's newest commit is reverted, or an older tag is set by hand. */
  async function takeBack(random: Random): Promise<void> {
    const app = random.pick(town.apps);
    const text = await app.manifests.read(app.path);
    const now = app.commits.findIndex((sha) => text.includes(`/${app.image}:${sha} `));
    if (now <= 0) return;
    const log = random.integer(2) === 0 ? await git(app.manifests.directory, lastOf(app)) : Buffer.alloc(0);
    const [, parent, subject] = log.toString().split("\n");
    const before = parent
      ? await app.manifests.read(app.path, parent)
      : text.replace(app.commits[now] ?? "", app.commits[random.integer(now)] ?? "");
    const message = parent ? `Revert "${subject}"` : "Back to an older version";
    if (await commitToManifests(app, { [app.path]: before }, message)) counts.rollbacks += 1;
  }

  async function commitToManifests(app: App, change: Readonly<Record<string, string>>, message: string): Promise<boolean> {
    try {
      const sha = await app.manifests.commit(change, { message });
      others.get(app.manifests)?.add(sha);
      counts.otherCommits += 1;
      return true;
    } catch {
      // git refuses when another push was first: so it is for people too.
      counts.racesLost += 1;
      return false;
    }
  }

  async function rewriteManifests(random: Random): Promise<void> {
    const repository = random.pick(town.manifests);
    const from = (await repository.tip()) ?? "";
    const to = (
      await git(repository.directory, ["rev-parse", "--verify", "--quiet", `${from}~${1 + random.integer(3)}`]).catch(() =>
        Buffer.from(from),
      )
    )
      .toString()
      .trim();
    const lost = (await git(repository.directory, ["rev-list", `${to}..${from}`])).toString().split("\n");
    try {
      await git(repository.directory, ["update-ref", `refs/heads/${repository.branch}`, to, from]);
    } catch {
      counts.racesLost += 1;
      return;
    }
    forced.add(`${from} ${to}`);
    counts.forcePushes += 1;
    for (const sha of lost) dropped.add(sha);
  }

  async function switchOff(random: Random): Promise<void> {
    const app = random.pick(town.apps);
    app.deploy(false);
    await pause(signal, 500 + random.integer(4_000));
    app.deploy(true);
    counts.switches += 1;
  }

  const actors: [least: number, most: number, act: (random: Random) => Promise<void>][] = [
    [300, 1_500, commitToApp],
    [300, 1_500, writeManifests],
    [1_000, 5_000, takeBack],
    [10_000, 40_000, rewriteManifests],
    [1_000, 6_000, switchOff],
  ];
  const done = Promise.all(
    actors.map(([least, most, act], index) => {
      const random = createRandom(seed + 100 + index);
      return repeatedly(signal, random, [least, most], () => act(random));
    }),
  );
  return { others, dropped, forced, counts, done };
}

/** For git: the operator's newest commit of that file, with its parent and subject, a line each. */
function lastOf({ manifests, path }: App): string[] {
  return ["log", "-1", `--author=${OPERATOR}`, "--format=%H%n%P%n%s", manifests.branch, "--", path];
}

/** A line of its own number, so that no two states of the file are equal. */
function nearEdit(text: string, app: App, edit: number): string {
  return `${text.replace(/^# edit \d+\n/, "").replace(/^/, `# edit ${edit}\n`)}`.replace(
    /replicas: \d+/,
    `replicas: ${1 + ((edit + app.name.length) % 5)}`,
  );
}
