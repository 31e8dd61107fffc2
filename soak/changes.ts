/** What people do meanwhile: they push to applications, build images late or never, write to the manifests, rarely rewrite them, switch Deployments. */
import type { BareRepository } from "../sandbox/bare-repository.ts";
import { git } from "../sandbox/git-process.ts";
import { createRandom, type Random } from "../test/random.ts";
import { pause, repeatedly } from "./repeatedly.ts";
import type { App, Town } from "./town.ts";

export interface Changes {
  /** Other writers' commits in each manifests repository. */
  readonly others: ReadonlyMap<BareRepository, ReadonlySet<string>>;
  /** Commits of anybody that a writer's own force-push took away. */
  readonly dropped: ReadonlySet<string>;
  /** `FROM TO` of each force-push. */
  readonly forced: ReadonlySet<string>;
  readonly counts: { appCommits: number; otherCommits: number; racesLost: number; forcePushes: number; switches: number };
  readonly done: Promise<unknown>;
}

export function makeChanges(town: Town, seed: number, signal: AbortSignal): Changes {
  const others = new Map(town.manifests.map((repository) => [repository, new Set<string>()]));
  const dropped = new Set<string>();
  const forced = new Set<string>();
  const counts = { appCommits: 0, otherCommits: 0, racesLost: 0, forcePushes: 0, switches: 0 };
  let edits = 0;

  async function commitToApp(random: Random): Promise<void> {
    const app = random.pick(town.apps);
    const sha = await app.source.commit({ "version.txt": `${app.commits.length}\n` }, { message: `Change ${app.commits.length}` });
    app.commits.push(sha);
    counts.appCommits += 1;
    const fate = random.integer(10);
    if (fate < 6) app.build(sha);
    else if (fate < 9) void pause(signal, 500 + random.integer(6_000)).then(() => app.build(sha));
  }

  async function writeManifests(random: Random): Promise<void> {
    const app = random.pick(town.apps);
    const edit = ++edits;
    const isNear = random.integer(3) === 0;
    const text = await app.manifests.read(app.path);
    const change = isNear ? { [app.path]: nearEdit(text, app, edit) } : { "README.md": `${edit}\n` };
    try {
      const sha = await app.manifests.commit(change, { message: `Edit ${edit}` });
      // When the operator wrote between our reading and our commit, this took its line back, as people do; it is repaired like any other edit.
      others.get(app.manifests)?.add(sha);
      counts.otherCommits += 1;
    } catch {
      // git refuses when another push was first: so it is for people too.
      counts.racesLost += 1;
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

/** A line of its own number, so that no two states of the file are equal. */
function nearEdit(text: string, app: App, edit: number): string {
  return `${text.replace(/^# edit \d+\n/, "").replace(/^/, `# edit ${edit}\n`)}`.replace(
    /replicas: \d+/,
    `replicas: ${1 + ((edit + app.name.length) % 5)}`,
  );
}
