import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { BareRepository } from "../../../../sandbox/bare-repository.ts";
import { git as runGit } from "../../../../sandbox/git-process.ts";
import { createWrittenHistories } from "../../../../src/adapters/git/copies/written-history.ts";
import { readHistory } from "../../../../src/adapters/git/packs/commit-pack.ts";
import type { PackWork } from "../../../../src/adapters/git/packs/pack-work.ts";
import type { GitRemote } from "../../../../src/adapters/git/wire/git-remote.ts";
import { commitMessage } from "../../../../src/core/commits/commit-message.ts";
import type { ManifestsCopy } from "../../../../src/core/git-ports.ts";
import { dataBytes } from "../../../../src/sharing/data-bytes.ts";
import { commitOf } from "../../../core/commits.ts";
import { targetOf } from "../../../core/targets.ts";
import { eventually } from "../../../eventually.ts";
import { startService } from "../local-git.ts";
import { type StartService, startManifestsWorld } from "../manifests-world.ts";
import { rawPack } from "../packs/pack-bytes.ts";

const DAY = 86_400;
const now = Math.floor(Date.now() / 1_000);
const shaOf = (index: number) => index.toString(16).padStart(40, "0");

/** What the operator writes for the application commit of that number. */
function messageFor(index: number): string {
  const appCommit = commitOf(shaOf(index), { time: now, subject: `Change ${index}` });
  return commitMessage({ target: targetOf("shop"), paths: ["shop/deployment.yaml"], from: shaOf(index - 1), tag: shaOf(index), appCommit });
}

interface Line {
  readonly message: string;
  readonly daysAgo: number;
  /** Marks, the first the first parent; default: the commit before. */
  readonly parents?: readonly number[];
}

/** All commits by one git fast-import; the last is the branch's tip. */
async function importLine({ directory, branch }: BareRepository, lines: readonly Line[]): Promise<void> {
  const text = lines.map(({ message, daysAgo, parents }, index) => {
    const [from, ...merged] = parents ?? (index === 0 ? [] : [index]);
    return [
      `commit refs/heads/${branch}\nmark :${index + 1}`,
      `committer Somebody <somebody@example.com> ${Math.floor(now - daysAgo * DAY)} +0000`,
      `data ${Buffer.byteLength(message)}\n${message}`,
      ...(from === undefined ? [] : [`from :${from}`]),
      ...merged.map((mark) => `merge :${mark}`),
      `M 100644 inline shop/a.yaml\ndata ${String(index).length}\n${index}\n`,
    ].join("\n");
  });
  await runGit(directory, ["fast-import", "--quiet", "--force", "--date-format=raw"], { input: text.join("\n") });
}

/** A world whose server sends commits alone, and what was received of each conversation; `pushes`: those in which something could be pushed. */
async function startWorld(t: TestContext, protocol: 0 | 2 = 2, filter = "true", rewrite = (said: string) => said) {
  const { repository, at, services, open } = await startManifestsWorld(t);
  await repository.config("uploadpack.allowFilter", filter);
  const served: typeof services = [];
  const pushes: typeof services = [];
  const start: StartService = (service, path) => {
    const started = startService(service, path, service === "git-upload-pack" ? protocol : 0);
    services.push(started);
    (service === "git-upload-pack" ? served : pushes).push(started);
    const said = async function* () {
      for await (const chunk of started.said()) yield Buffer.from(rewrite(chunk.toString("latin1")), "latin1");
    };
    return { ...started, said };
  };
  /** As a new process would. */
  const restarted = () => {
    const git = open(start, { maxRepositoryBytes: 2 ** 24 });
    return <T>(work: (copy: ManifestsCopy, tip: string) => Promise<T>, from = at) =>
      git.withManifests(from, async (copy) => work(copy, await copy.refresh(performance.now())));
  };
  return { repository, at, services, served, pushes, restarted, use: restarted() };
}

const numbers = (written: readonly { appCommit: string }[]) =>
  written.map(({ appCommit }) => Number.parseInt(appCommit, 16)).sort((a, b) => a - b);

for (const protocol of [0, 2] as const) {
  test(`protocol ${protocol}: what was written before the copy was made is asked for once, along all parents, whoever asks`, async (t) => {
    const { repository, use, served } = await startWorld(t, protocol);
    // 3 is on the second parent of a merge; 1 is too old.
    await importLine(repository, [
      { message: messageFor(1), daysAgo: 9 },
      { message: messageFor(2), daysAgo: 3 },
      { message: messageFor(3), daysAgo: 2 },
      { message: "Others' change", daysAgo: 2, parents: [2] },
      { message: "Merge", daysAgo: 1, parents: [4, 3] },
    ]);
    await use(async (copy, tip) => {
      const before = served.length;
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => copy.written(tip, now - 4 * DAY + i)));
      assert.equal(served.length - before, 1, "one conversation");
      for (const answer of answers) assert.deepEqual([answer.kind, numbers(answer.written)], ["known", [2, 3]]);
      assert.deepEqual(numbers((await copy.written(tip, now - DAY)).written), [2, 3], "a shorter one is part of it");
      assert.equal(served.length - before, 1);
      assert.deepEqual(numbers((await copy.written(tip, now - 10 * DAY)).written), [1, 2, 3]);
      assert.equal(served.length - before, 2, "a longer one is another question");
    });
  });
}

test("while the remote is asked, and has begun to answer, the push that mostly follows is opened, once; where nothing is pushed it is ended", async (t) => {
  const { repository, use, pushes, services } = await startWorld(t);
  await importLine(
    repository,
    [4, 3, 2, 1, 0].map((daysAgo) => ({ message: messageFor(9 - daysAgo), daysAgo })),
  );
  await use(async (copy, tip) => {
    assert.equal(pushes.length, 0);
    const before = services.length;
    for (const days of [1, 2]) await copy.written(tip, now - days * DAY);
    assert.equal(pushes.length, 1);
    // Else pushes could take all places on the connection and wait for questions that have none.
    assert.equal(services.indexOf(pushes[0] as (typeof pushes)[0]), before + 1);
    const own = await copy.commit(tip, [{ path: "shop/a.yaml", text: "a: 2\n" }], messageFor(10));
    assert.equal((await copy.push(tip, own)).kind, "accepted");
    assert.equal(await repository.tip(), own);
    assert.equal(pushes.length, 1);
  });
  const tip = await repository.tip();
  await use((copy, head) => copy.written(head, now - 3 * DAY));
  assert.equal(pushes.length, 2);
  await eventually(() => pushes.every(({ stdin }) => stdin.writableEnded || stdin.destroyed), "a push stays open");
  assert.equal(await repository.tip(), tip);
});

test("what has come since the copy was made is there already: nothing is asked for it, and no commit is looked at twice", async (t) => {
  const { repository, use, served } = await startWorld(t);
  await importLine(repository, [{ message: messageFor(1), daysAgo: 0 }]);
  await use((copy, tip) => copy.written(tip, now - DAY));
  await repository.commit({ "shop/a.yaml": "2" }, { message: messageFor(2) });
  await repository.commit({ "shop/a.yaml": "1" }, { message: "Revert" });
  await use(async (copy, tip) => {
    const before = served.length;
    const { kind, written } = await copy.written(tip, now - DAY);
    assert.deepEqual([kind, numbers(written), served.length - before], ["known", [1, 2], 0]);
  });
});

test("what the operator has pushed itself is there as well", async (t) => {
  const { use, served } = await startWorld(t);
  await use(async (copy, base) => {
    assert.equal((await copy.push(base, await copy.commit(base, [{ path: "shop/a.yaml", text: "2" }], messageFor(2)))).kind, "accepted");
    const before = served.length;
    assert.deepEqual(numbers((await copy.written(await copy.refresh(0), now - DAY)).written), [2]);
    assert.equal(served.length, before);
  });
});

test("a branch that was moved back tells what is still in its history, and nothing of what is gone", async (t) => {
  const { repository, use, served } = await startWorld(t);
  await importLine(repository, [
    { message: messageFor(1), daysAgo: 1 },
    { message: "Others' change", daysAgo: 0.5 },
  ]);
  const kept = (await repository.tip()) ?? "";
  const told = () => use(async (copy, tip) => numbers((await copy.written(tip, now - 2 * DAY)).written));
  // The copy begins with the commit that is kept.
  await use(async () => undefined);
  await repository.commit({ "shop/a.yaml": "2" }, { message: messageFor(2) });
  assert.deepEqual(await told(), [1, 2]);
  await repository.forceBranch("main", kept);
  const before = served.length;
  await repository.commit({ "shop/a.yaml": "3" }, { message: messageFor(3) });
  assert.deepEqual(await told(), [1, 3]);
  assert.equal(served.length - before, 2, "a fetch, and what is behind the copy is asked for again");
});

test("a tip that is older than the question means that nothing was written since: nothing is asked", async (t) => {
  const { repository, use, served } = await startWorld(t);
  await importLine(repository, [
    { message: messageFor(1), daysAgo: 9 },
    { message: "Others' change", daysAgo: 8 },
  ]);
  await use(async (copy, tip) => {
    const before = served.length;
    assert.deepEqual(await copy.written(tip, now - 2 * DAY), { kind: "known", written: [] });
    assert.equal(served.length, before);
  });
});

for (const daysAgo of [9, now / DAY]) {
  test(`a tip whose clock was ${Math.round(daysAgo)} days late hides nothing, and a server that would find no commit since then does not refuse`, async (t) => {
    const { repository, use } = await startWorld(t);
    await importLine(repository, [
      { message: messageFor(1), daysAgo: 1 },
      { message: "Others' change", daysAgo: 0 },
    ]);
    await use(async () => undefined);
    await repository.commit({ "shop/a.yaml": "0" }, { message: "Take it back", time: Math.floor(now - daysAgo * DAY) });
    const answer = await use((copy, tip) => copy.written(tip, now - 2 * DAY));
    assert.deepEqual([answer.kind, numbers(answer.written)], ["known", [1]]);
  });
}

test("a remote that is a shallow clone itself has nothing behind its boundary", async (t) => {
  const { repository, use, at } = await startWorld(t);
  await importLine(
    repository,
    Array.from({ length: 6 }, (_, i) => ({ message: messageFor(i + 1), daysAgo: 0.1 })),
  );
  const path = `${repository.directory}-shallow`;
  await runGit(repository.directory, ["clone", "--quiet", "--bare", "--depth=3", `file://${repository.directory}`, path]);
  await runGit(path, ["config", "uploadpack.allowFilter", "true"]);
  const shallow = { ...at, repository: { ...at.repository, path } };
  const answer = await use((copy, tip) => copy.written(tip, now - DAY), shallow);
  assert.deepEqual([answer.kind, numbers(answer.written)], ["known", [4, 5, 6]]);
});

test("of a server that can't leave files out the commits are read, which it sends first", async (t) => {
  for (const protocol of [0, 2] as const) {
    const { repository, use } = await startWorld(t, protocol, "false");
    await importLine(repository, [
      { message: messageFor(1), daysAgo: 0 },
      { message: messageFor(2), daysAgo: 0 },
    ]);
    const answer = await use((copy, tip) => copy.written(tip, now - DAY));
    assert.deepEqual([answer.kind, numbers(answer.written)], ["known", [1, 2]]);
  }
});

test("a server that knows no time to go back to: what the copy has is known all the same, and it is not asked by everybody", async (t) => {
  const { repository, use, served } = await startWorld(t, 0, "true", (said) => said.replace("deepen-since", "deepen-xxxxx"));
  await importLine(repository, [
    { message: messageFor(1), daysAgo: 0 },
    { message: messageFor(2), daysAgo: 0 },
  ]);
  await use(async (copy, tip) => {
    const before = served.length;
    for (const days of [1, 2, 3]) {
      const answer = await copy.written(tip, now - days * DAY);
      assert.deepEqual([answer.kind, numbers(answer.written)], ["unknown", [2]]);
      assert.match("reason" in answer ? answer.reason : "", /can't send what is newer than a time \(deepen-since\)/);
    }
    assert.equal(served.length - before, 1);
  });
});

test("more than 4 MiB is not received: it is unknown, and not asked for again as far back as that", async (t) => {
  const { repository, use, served } = await startWorld(t);
  // Nothing that could be packed.
  const noise = () => Array.from({ length: 10_000 }, () => Math.random().toString(36).slice(2)).join("");
  await importLine(repository, [
    ...Array.from({ length: 60 }, () => ({ message: noise(), daysAgo: 5 })),
    { message: messageFor(1), daysAgo: 1 },
    { message: messageFor(2), daysAgo: 0 },
  ]);
  await use(async (copy, tip) => {
    for (const days of [9, 9, 8]) {
      const before = served.length;
      const answer = await copy.written(tip, now - days * DAY);
      assert.deepEqual([answer.kind, numbers(answer.written)], ["unknown", [2]]);
      const bytes = served.at(-1)?.recorded().length ?? 0;
      assert.ok(served.length === before || bytes < 4.5 * 2 ** 20, `${bytes}`);
      assert.equal(served.length - before, served.length === before ? 0 : 1);
    }
    const asked = served.length;
    await copy.written(tip, now - 9 * DAY);
    assert.equal(served.length, asked);
    assert.deepEqual(await copy.written(tip, now - 2 * DAY).then(({ kind, written }) => [kind, numbers(written)]), ["known", [1, 2]]);
    const both = served.length;
    for (const days of [9, 2, 9, 2]) assert.equal((await copy.written(tip, now - days * DAY)).kind, days === 2 ? "known" : "unknown");
    assert.equal(served.length, both, "what is known of the newer part is kept beside it");
  });
});

test("history for a day is a small part of the whole, however many commits and merges there are", async (t) => {
  const { repository, served, restarted } = await startWorld(t);
  // 100 days of 50 commits: every fifth a merge, every third ours.
  const lines = Array.from({ length: 5_000 }, (_, i): Line => {
    const daysAgo = (5_000 - i) / 50;
    if (i % 5 === 4) return { message: `Merge branch ${i}`, daysAgo, parents: [i - 1, i] };
    return {
      message: i % 3 ? `Change ${i}\n\nWhy it was changed, in a sentence or two.\n` : messageFor(i),
      daysAgo,
      ...(i % 5 === 3 ? { parents: [i - 1] } : {}),
    };
  });
  await importLine(repository, lines);
  const bytesOf = new Map<number, number>();
  for (const days of [1, 7, 30, 200]) {
    await restarted()(async (copy, tip) => {
      const before = served.length;
      const { kind, written } = await copy.written(tip, now - days * DAY);
      assert.equal(kind, "known");
      assert.equal(served.length - before, 1, "one conversation");
      const bytes = served.at(-1)?.recorded().length ?? 0;
      t.diagnostic(`${days} days: ${written.length} writes in ${bytes} bytes`);
      bytesOf.set(days, bytes);
    });
  }
  const whole = bytesOf.get(200) ?? 0;
  for (const [days, share] of [
    [1, 0.06],
    [7, 0.15],
    [30, 0.5],
  ] as const)
    assert.ok((bytesOf.get(days) ?? whole) < share * whole, `${days} days: ${bytesOf.get(days)} of ${whole}`);
});

/** As many trailers as are read of a message. */
const spam = (index: number) =>
  `${index}\n\n${"Gitops-Operator-Deployment: a\nGitops-Operator-Image: b\nGitops-Operator-Commit: c\n".repeat(49)}`;

// S10, P10
test("commits that say to be the operator's and to have written a hundred thousand files, or that have as many parents, take 8 MiB at most", async () => {
  const unasked = {
    remote: { converse: () => Promise.reject(new Error("the remote was asked")) } as unknown as GitRemote,
    packWork: {} as PackWork,
  };
  const at = { namespace: "shop" } as Parameters<ReturnType<typeof createWrittenHistories>["of"]>[0];
  for (const [what, contentOf] of [
    ["trailers", (index: number) => `tree ${shaOf(0)}\nparent ${shaOf(index + 1)}\ncommitter A <a@b> ${now} +0000\n\n${spam(index)}`],
    [
      "parents",
      (index: number) => {
        const parents = Array.from({ length: 99 }, (_, i) => `parent ${shaOf(10 ** 6 + 100 * index + i)}\n`).join("");
        return `tree ${shaOf(0)}\nparent ${shaOf(index + 1)}\n${parents}committer A <a@b> ${now} +0000\n\nm`;
      },
    ],
  ] as const) {
    let read = 0;
    const objects = {
      has: (id: string) => Number.parseInt(id, 16) < 2_000,
      async read(id: string) {
        read += 1;
        return Buffer.from(contentOf(Number.parseInt(id, 16)));
      },
    };
    const histories = createWrittenHistories(unasked, objects);
    const answer = await histories.of(at, shaOf(0), now - DAY);
    assert.equal(answer.kind, "unknown", what);
    assert.ok(dataBytes(answer.written) <= 8 * 2 ** 20 && read < 1_900, `${what}: ${answer.written.length} of ${read} commits`);
    const before = read;
    await histories.of(at, shaOf(0), now - 9 * DAY);
    assert.equal(read, before, "none is read again");
  }
  const pack = rawPack(Array.from({ length: 2_000 }, (_, i) => ({ type: 1, content: Buffer.from(`tree ${shaOf(0)}\n\n${spam(i)}`) })));
  assert.throws(() => readHistory(pack, { from: "", most: 0, keep: "written" }), { code: "git_limit" });
});
