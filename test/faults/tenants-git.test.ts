/** Attacks by the owner of Deployments in one namespace by way of repositories, against an operator that has the Pod's memory: the neighbour is served, and `/health` answers (S10, S32, S33). */
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { rawPack } from "../adapters/git/packs/pack-bytes.ts";
import { deployEvil, evilManifests } from "./evil-deployments.ts";
import { pktLine, startHostileHttps } from "./hostile-https.ts";
import { byteByByte, commitChain, commitText, idOf } from "./hostile-objects.ts";
import { ask, endure, skipWithoutProgram, startNeighbourhood } from "./neighbour.ts";

const skip = skipWithoutProgram;

// S10, S32
test("a commit whose author is a megabyte of <", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const app = await there.world.repository("evil/app.git", { a: "b" });
  const people = (tree: string) => `tree ${tree}\nauthor x ${"<".repeat(1_000_000)}\ncommitter x <x> 1700000000 +0000\n\nm\n`;
  await commitText(app, people);
  await endure(t, there, { begin: () => deployEvil(there, 4, () => ({ app_repository: there.world.gitHost.url("evil/app.git") })) });
});

// S10
test("listings of refs without an end, in as many conversations as a namespace may have", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  // One character beyond Latin-1: such a text takes twice the memory.
  const line = (i: number) => pktLine(`${"0".repeat(40)} refs/heads/${String(i).padStart(90, "x")}\u20ac\n`);
  const endlessRefs = Buffer.concat(Array.from({ length: 500 }, (_, i) => line(i)));
  const server = await startHostileHttps(t, there.world.env, { endlessRefs });
  const repository = (i: number) => `https://${server.host}/${i % 2 ? "v0" : "new"}/${i}.git`;
  await endure(t, there, { begin: () => deployEvil(there, 16, (i) => ({ app_repository: repository(i) })) });
});

// S10, S32
test("listings without an end in HTTP chunks of one byte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const endlessRefs = Buffer.concat([pktLine(`${"0".repeat(40)} refs/heads/${"x".repeat(60_000)}`)]);
  const server = await startHostileHttps(t, there.world.env, { refs: () => [pktLine("x")], endlessRefs, chunkBytes: 1 });
  const repository = (i: number) => `https://${server.host}/${i % 2 ? "v0" : "new"}/${i}.git`;
  await endure(t, there, { begin: () => deployEvil(there, 16, (i) => ({ app_repository: repository(i) })) });
});

const hugeCommit = Buffer.from(`tree ${"0".repeat(40)}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n\u20ac${"m".repeat(1_040_000)}\n`);
const hugeCommitAnswers = {
  refs: (branch: string) => [pktLine(`${idOf("commit", hugeCommit)} refs/heads/${branch}\n`)],
  pack: rawPack([{ type: 1, content: hugeCommit }]),
};

// S10, S32
test("250 commits whose messages have a megabyte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const server = await startHostileHttps(t, there.world.env, hugeCommitAnswers);
  await endure(t, there, { begin: () => deployEvil(there, 250, (i) => ({ app_repository: `https://${server.host}/${i}.git` })) });
});

// S33
test("Deployments that name another branch before every pass, each with a commit of a megabyte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const server = await startHostileHttps(t, there.world.env, hugeCommitAnswers);
  let branch = 0;
  const move = () => deployEvil(there, 8, (i) => ({ app_repository: `https://${server.host}/${i}.git`, observe_branch: `b-${branch++}` }));
  await endure(t, there, {
    begin: move,
    turns: 80,
    async turn(operator) {
      move();
      await sleep(50);
      await ask(operator, "/reconcile?namespace=evil");
    },
  });
});

// S10, S32
test("commits as deltas of half a million instructions each", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  await evilManifests(there);
  const base = Buffer.from(`tree ${"0".repeat(40)}\nauthor a <a> 1 +0000\n\nm\n`);
  const deltas = Array.from({ length: 31 }, (_, i) => ({ type: 6, base: i + 1, content: byteByByte(base.length, 500_000) }));
  const pack = rawPack([{ type: 1, content: base }, ...deltas]);
  // What each delta makes: the base's first byte, half a million times.
  const last = Buffer.alloc(500_000, base.subarray(0, 1));
  const refs = (branch: string) => [pktLine(`${idOf("commit", last)} refs/heads/${branch}\n`)];
  const server = await startHostileHttps(t, there.world.env, { refs, pack });
  await endure(t, there, { begin: () => deployEvil(there, 32, (i) => ({ app_repository: `https://${server.host}/${i}.git` })), turns: 4 });
});

// S10, S32
test("a manifest at the end of a chain of 1,300 deltas that copy byte by byte", { skip }, async (t) => {
  const there = await startNeighbourhood(t);
  const manifests = await there.world.repository("evil/chain.git", { a: "b" }, "master");
  await commitChain(manifests, 1_300, 60_000, "z.yaml");
  const annotations = { manifest_repository: there.world.gitHost.url("evil/chain.git"), deployment_path: "z.yaml" };
  await endure(t, there, { begin: () => deployEvil(there, 8, () => annotations), turns: 4 });
});
