import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type BareRepository, createBareRepository } from "../../../../sandbox/bare-repository.ts";
import { git } from "../../../../sandbox/git-process.ts";
import { readCommits } from "../../../../src/adapters/git/packs/commit-pack.ts";
import { indexPack } from "../../../../src/adapters/git/packs/pack-index.ts";
import type { GitWire } from "../../../../src/adapters/git/wire/git-wire.ts";
import { FLUSH, pkt } from "../../../../src/adapters/git/wire/pkt-line.ts";
import type { RefListing } from "../../../../src/adapters/git/wire/ref-listing.ts";
import { openUploadPack, type PackRequest } from "../../../../src/adapters/git/wire/upload-pack.ts";
import { replayWire, serviceWire, startService } from "../local-git.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";

async function newRepository(t: TestContext): Promise<BareRepository> {
  const folder = await mkdtemp(join(tmpdir(), "upload-pack-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = await createBareRepository(join(folder, "r.git"), { files: { "a/b": "1\n" } });
  await repository.commit({ "a/b": "2\n" }, { time: 1_700_000_000 });
  return repository;
}

/** Lists `main`, then fetches its tip. */
async function exchange(
  wire: GitWire,
  request: Omit<PackRequest, "want">,
): Promise<{ refs: RefListing; pack: Buffer; shallow: Set<string> }> {
  const server = await openUploadPack(wire);
  const refs = await server.list("main");
  const shallow = new Set<string>();
  const chunks: Buffer[] = [];
  for await (const chunk of server.pack({ ...request, want: refs.tip ?? SHA }, shallow)) chunks.push(chunk);
  return { refs, pack: Buffer.concat(chunks), shallow };
}

for (const protocol of [0, 2] as const) {
  test(`protocol ${protocol}: a real git's listing and pack, and no answer at all when they are cut at any byte`, async (t) => {
    const repository = await newRepository(t);
    const service = startService("git-upload-pack", repository.directory, protocol);
    t.after(service.stop);
    const { refs, pack, shallow } = await exchange(serviceWire(service), { depth: 1 });
    const tip = await repository.tip();
    assert.deepEqual([refs, [...shallow]], [{ branch: "main", tip, defaultBranch: "main" }, [tip]]);
    await indexPack(pack, { repository: "r", maxBytes: 2 ** 20 });
    const recorded = service.recorded();
    assert.deepEqual((await exchange(replayWire(recorded, 7), { depth: 1 })).pack, pack);
    assert.ok(recorded.length > 500);
    for (let size = 0; size < recorded.length; size++) {
      await assert.rejects(
        exchange(replayWire(recorded.subarray(0, size)), { depth: 1 }),
        { code: /^git_(unreachable|protocol)$/ },
        `${size}`,
      );
    }
  });
}

test("a server that can leaves trees and blobs out", async (t) => {
  const repository = await newRepository(t);
  await repository.config("uploadpack.allowFilter", "true");
  for (const protocol of [0, 2] as const) {
    const service = startService("git-upload-pack", repository.directory, protocol);
    t.after(service.stop);
    const { pack } = await exchange(serviceWire(service), { depth: 2, withoutTrees: true });
    assert.equal(pack.readUInt32BE(8), 2);
    const commits = readCommits(pack);
    assert.deepEqual([...(commits === "incomplete" ? [] : commits.keys())].sort(), (await repository.log()).map(({ sha }) => sha).sort());
  }
});

for (const [lacking, advertised] of [
  ["side-band-64k", pkt(`${SHA} refs/heads/main\0multi_ack shallow`)],
  ["shallow", pkt(`${SHA} refs/heads/main\0multi_ack side-band-64k`)],
  ["shallow", pkt("version 2\n") + pkt("ls-refs\n") + pkt("fetch=wait-for-done\n")],
] as const) {
  test(`without ${lacking} (${advertised.includes("version") ? "protocol 2" : "protocol 0"}) the refusal names it, and nothing is asked for`, async () => {
    const asked: string[] = [];
    const wire = replayWire(`${advertised}${FLUSH}${pkt("NAK\n")}`);
    const request: GitWire["request"] = async (body) => {
      asked.push(body.toString());
      return wire.request(body);
    };
    const server = await openUploadPack({ ...wire, request });
    const first = server.pack({ want: SHA, depth: 1 }, new Set()).next();
    await assert.rejects(first, { code: "git_protocol", message: new RegExp(`does not offer '${lacking}'`) });
    assert.deepEqual(asked, []);
  });
}

// F49-F50
test("a branch that is not there, an unborn one and an empty repository are listed as missing", async (t) => {
  const repository = await newRepository(t);
  const list = async (directory: string, protocol: 0 | 2, branch: string) => {
    const service = startService("git-upload-pack", directory, protocol);
    t.after(service.stop);
    return (await openUploadPack(serviceWire(service))).list(branch);
  };
  const empty = await createBareRepository(`${repository.directory}-empty`);
  for (const protocol of [0, 2] as const) {
    // `mai` and `main2` share a beginning with what is there or asked for.
    for (const branch of ["gone", "mai", "main2"]) {
      assert.deepEqual(await list(repository.directory, protocol, branch), { branch, tip: undefined, defaultBranch: "main" });
    }
    assert.equal((await list(empty.directory, protocol, "main")).tip, undefined);
  }
  await git(repository.directory, ["symbolic-ref", "HEAD", "refs/heads/unborn"]);
  for (const protocol of [0, 2] as const) {
    assert.equal((await list(repository.directory, protocol, "unborn")).tip, undefined);
    assert.equal((await list(repository.directory, protocol, "main")).tip, await repository.tip());
  }
});

test("where no branch is named: master, else the default branch, else the only one at HEAD's commit, else none", async (t) => {
  const repository = await newRepository(t);
  const list = async (protocol: 0 | 2) => {
    const service = startService("git-upload-pack", repository.directory, protocol);
    t.after(service.stop);
    const { branch, tip } = await (await openUploadPack(serviceWire(service))).list(undefined);
    return { branch, tip };
  };
  const both = async (expected: Awaited<ReturnType<typeof list>>, doing: string) => {
    for (const protocol of [0, 2] as const) assert.deepEqual(await list(protocol), expected, `protocol ${protocol}, ${doing}`);
  };
  const main = (await repository.tip()) ?? "";
  await both({ branch: "main", tip: main }, "HEAD stands for main");
  const other = await repository.commit({ "a/b": "3\n" }, { branch: "master-2" });
  await both({ branch: "main", tip: main }, "a name that begins like master");
  // A detached HEAD stands for no branch.
  await git(repository.directory, ["update-ref", "--no-deref", "HEAD", main]);
  await both({ branch: "main", tip: main }, "one branch at HEAD");
  await git(repository.directory, ["update-ref", "--no-deref", "HEAD", other]);
  await both({ branch: "master-2", tip: other }, "another branch at HEAD");
  await repository.forceBranch("master-2", main);
  await git(repository.directory, ["update-ref", "--no-deref", "HEAD", main]);
  await both({ branch: undefined, tip: undefined }, "two branches at HEAD");
  await repository.forceBranch("master", main);
  await both({ branch: "master", tip: main }, "master is there");
  await git(repository.directory, ["symbolic-ref", "HEAD", "refs/heads/main"]);
  await both({ branch: "master", tip: main }, "master beside the default branch");
});

test("a default branch whose name no git would take is none", async () => {
  for (const name of ["-x", "a..b", "a\x07b", "\x1b[31m\u202ex", "x".repeat(300), "refs/heads/main"]) {
    const v2 = replayWire(
      `${pkt("version 2\n")}${pkt("ls-refs\n")}${FLUSH}${pkt(`${SHA} HEAD symref-target:refs/heads/${name}\n`)}${FLUSH}`,
    );
    const v0 = replayWire(`${pkt(`${SHA} HEAD\0symref=HEAD:refs/heads/${name}\n`)}${FLUSH}`);
    for (const wire of [v2, v0]) {
      assert.deepEqual(await (await openUploadPack(wire)).list(undefined), { branch: undefined, tip: undefined, defaultBranch: undefined });
    }
  }
});

// F49-F50
test("a SHA-256 repository is named as such; an empty one says what it is in protocol 2 alone", async (t) => {
  const { directory } = await newRepository(t);
  for (const files of [undefined, { a: "1" }]) {
    const repository = await createBareRepository(`${directory}-256-${files ? "full" : "empty"}`, {
      objectFormat: "sha256",
      ...(files ? { files } : {}),
    });
    for (const protocol of files ? ([0, 2] as const) : ([2] as const)) {
      const service = startService("git-upload-pack", repository.directory, protocol);
      t.after(service.stop);
      await assert.rejects(openUploadPack(serviceWire(service)), { code: "git_protocol", message: /SHA-256/ });
    }
  }
});

const v2 = `${pkt("version 2\n")}${pkt("ls-refs\n")}${pkt("fetch=shallow\n")}${FLUSH}`;
const v2Listed = `${v2}${pkt(`${SHA} refs/heads/main\n`)}${FLUSH}`;

test("what a server says instead of a pack is told, cleaned and cut", async () => {
  const nasty = `disk\x1b[2J full \u202e${"x".repeat(5_000)}`;
  for (const [answer, code] of [
    [pkt(`\x03${nasty}`), "git_protocol"],
    [pkt(`ERR ${nasty}`), "git_denied"],
    [`${pkt("packfile\n")}${pkt("\x02progress")}${pkt(`\x03${nasty}`)}`, "git_protocol"],
  ] as const) {
    await assert.rejects(exchange(replayWire(v2Listed + answer), {}), (error: Error & { code: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, /disk \[2J full x{100}/);
      assert.doesNotMatch(error.message, /\p{Cc}|\p{Cf}/u);
      assert.ok(error.message.length < 620);
      return true;
    });
  }
});

for (const [what, line] of [
  ["progress", pkt("\x02.")],
  ["empty pack lines", pkt("\x01")],
  ["acknowledgements", pkt("NAK\n")],
  ["empty lines", "0004"],
  ["shallow boundaries", ""],
] as const) {
  test(`a server that sends endless ${what} instead of a pack is refused`, async () => {
    const lines = line
      ? line.repeat(25_000)
      : Array.from({ length: 11_000 }, (_, i) => pkt(`shallow ${i.toString(16).padStart(40, "0")}\n`)).join("");
    await assert.rejects(exchange(replayWire(v2Listed + lines, 1 << 16), {}), { code: "git_limit" });
  });
}
