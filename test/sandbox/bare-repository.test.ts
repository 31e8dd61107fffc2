import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type BareRepository, createBareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bare-repository-"));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, "app.git");
}

test("files keep content, mode and odd names", async (t) => {
  const repository = await createBareRepository(await folder(t), {
    branch: "trunk",
    files: {
      "deploy/app.yaml": "a: 1\r\n",
      "run.sh": { content: "#!/bin/sh\n", mode: "100755" },
      link: { content: "deploy/app.yaml", mode: "120000" },
      'ünï "quoted" name': "",
    },
  });
  assert.equal(await repository.read("deploy/app.yaml"), "a: 1\r\n");
  assert.equal(await repository.read('ünï "quoted" name'), "");
  assert.deepEqual(await Promise.all(["deploy/app.yaml", "run.sh", "link", "deploy", "none"].map((path) => repository.mode(path))), [
    "100644",
    "100755",
    "120000",
    "040000",
    undefined,
  ]);
  assert.equal((await git(repository.directory, ["symbolic-ref", "HEAD"])).toString(), "refs/heads/trunk\n");
  await repository.fsck();
});

test("commits follow each other, change what they name and leave the rest", async (t) => {
  const repository = await createBareRepository(await folder(t), { files: { a: "1\n", b: "1\n", c: "1\n" } });
  const first = await repository.tip();
  const author = { name: "Ada", email: "ada@example.com" };
  const second = await repository.commit(
    { a: "2\n", b: null },
    { message: "Subject\n\nBody one\nBody two\n", author, time: 1_700_000_000 },
  );
  assert.ok(first);
  assert.equal(await repository.tip(), second);
  assert.equal(await repository.read("c"), "1\n");
  assert.equal(await repository.mode("b"), undefined);
  assert.deepEqual(await repository.log(), [
    { sha: second, parents: [first], author, subject: "Subject", body: "Body one\nBody two" },
    { sha: first, parents: [], author: { name: "Sandbox", email: "sandbox@example.com" }, subject: "Initial commit", body: "" },
  ]);
  assert.match(await repository.diff(first, second), /^-1\n\+2$/m);
});

test("branches begin, are forced and deleted", async (t) => {
  const repository = await createBareRepository(await folder(t));
  assert.equal(await repository.tip(), undefined);
  const one = await repository.commit({ a: "1" });
  const two = await repository.commit({ a: "2" });
  const other = await repository.commit({ a: "3" }, { branch: "feature/x" });
  assert.deepEqual(
    (await repository.log("feature/x")).map(({ sha }) => sha),
    [other],
  );
  await repository.forceBranch("main", one);
  assert.equal(await repository.tip(), one);
  assert.equal((await repository.read("a", two)).toString(), "2");
  await repository.deleteBranch("feature/x");
  assert.equal(await repository.tip("feature/x"), undefined);
  assert.equal(await repository.tip("feature"), undefined);
});

test("thousands of files are one fast import", async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, index) => [`folder-${index % 50}/file-${index}.yaml`, `number: ${index}\n`]),
  );
  const repository = await createBareRepository(await folder(t), { files });
  assert.equal(await repository.read("folder-49/file-4999.yaml"), "number: 4999\n");
  // One pack and its index instead of five thousand loose objects.
  assert.ok((await readdir(join(repository.directory, "objects", "pack"))).some((name) => name.endsWith(".pack")));
});

test("a hook has the last word", async (t) => {
  const repository = await createBareRepository(await folder(t), { files: { a: "1" } });
  await repository.installHook("pre-receive", "echo no pushes today >&2; exit 1");
  await assert.rejects(git(repository.directory, ["push", ".", "main:refs/heads/other"]), /no pushes today/);
  assert.equal(await repository.tip("other"), undefined);
});

test("damage is found", async (t) => {
  const repository = await createBareRepository(await folder(t), { files: { a: "1" } });
  const blob = (await git(repository.directory, ["rev-parse", "main:a"])).toString().trim();
  await rm(join(repository.directory, "objects", blob.slice(0, 2), blob.slice(2)));
  await assert.rejects(repository.fsck(), /missing blob/);
});

test("what is written and read without git is what git writes and reads", async (t) => {
  const start = {
    "a/b/one": "1\n",
    "a/b/two": "2\n",
    "a/three": { content: "#!/bin/sh\n", mode: "100755" },
    "a.b": "",
    'ünï "quoted"': "q\n",
  } as const;
  const changes = [
    { "a/b/one": null, "a/c/deep/new": "new\n" },
    { "a/b": null, none: null, "none/at/all": null },
    { a: null, "a-": "after\n", a0: { content: "a-", mode: "120000" } },
    { "a.b": null, "a-": null, a0: null, 'ünï "quoted"': null },
    { again: "x\n" },
    { "again/as/a/folder": "y\n" },
  ] as const;
  const time = 1_700_000_000;
  for (const objectFormat of ["sha1", "sha256"] as const) {
    const loose: BareRepository = await createBareRepository(await folder(t), { objectFormat });
    const packed: BareRepository = await createBareRepository(await folder(t), { objectFormat });
    for (const files of [start, ...changes]) {
      await git(packed.directory, ["pack-refs", "--all"]);
      if (await packed.tip()) await git(packed.directory, ["repack", "-adq"]);
      const message = "Subject\n\nBody\n";
      assert.equal(await loose.commit(files, { time, message }), await packed.commit(files, { time, message }));
      for (const path of Object.keys(files)) {
        const none = () => "none";
        assert.equal(await loose.read(path).catch(none), await packed.read(path).catch(none), path);
      }
    }
    await loose.fsck();
    await packed.fsck();
  }
});

test("a branch whose lock somebody holds is not written", async (t) => {
  const repository = await createBareRepository(await folder(t), { files: { a: "1" } });
  const lock = join(repository.directory, "refs/heads/main.lock");
  await writeFile(lock, "");
  const before = await repository.tip();
  await assert.rejects(repository.commit({ a: "2" }), /main/);
  assert.equal(await repository.tip(), before);
});

test("a repository with a reflog has every commit in it", async (t) => {
  const repository = await createBareRepository(await folder(t), { files: { a: "1" } });
  await repository.config("core.logAllRefUpdates", "always");
  const commit = await repository.commit({ a: "2" });
  assert.equal((await git(repository.directory, ["log", "--walk-reflogs", "--format=%H", "main"])).toString(), `${commit}\n`);
});
