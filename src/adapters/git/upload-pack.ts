/** The reading half of git's wire protocol: v2 where the server speaks it (refs filtered by the server), else v0 (gitprotocol-pack(5), gitprotocol-v2(5)). */
import { branchProblem } from "../../core/branch.ts";
import { ReconcileError } from "../../errors.ts";
import { AGENT, chooseCapabilities, requireCapability, valuesOf } from "./capabilities.ts";
import type { GitWire } from "./git-wire.ts";
import { countIdleLines, DELIM, FLUSH, type PktReader, pkt, readLines, refuseError } from "./pkt-line.ts";
import { serverWords } from "./server-words.ts";

export interface RefListing {
  /** The one that was asked for; when none was: `master` where the remote has it, else its default branch, undefined when that is not told. */
  readonly branch: string | undefined;
  /** Object id of the branch; undefined when the remote has no such branch. */
  readonly tip: string | undefined;
  /** The remote's default branch, where it says so. */
  readonly defaultBranch: string | undefined;
}

export interface PackRequest {
  readonly want: string;
  readonly haves?: readonly string[];
  readonly shallows?: readonly string[];
  readonly depth?: number;
  /** Commits alone where the server can (partial clone); a server that can't sends everything, commits first. */
  readonly commitsOnly?: boolean;
}

export interface UploadPack {
  list(branch: string | undefined): Promise<RefListing>;
  /** The packfile's bytes as they come; the server's new shallow boundaries are added to `shallow` before the first. */
  pack(request: PackRequest, shallow: Set<string>): AsyncGenerator<Buffer, void, undefined>;
}

const MOST_SHALLOW = 10_000;
/** Of the branches of a remote, where none was named. */
const FIRST_CHOICE = "master";

/** Reads the advertisement. One listing and one pack may follow on the same wire, in that order. */
export async function openUploadPack(wire: GitWire): Promise<UploadPack> {
  const reader = await wire.advertisement();
  let lines = await readLines(reader);
  // Over https a section of its own comes first.
  if (lines[0]?.startsWith("# service=")) lines = await readLines(reader);
  if (lines[0] === "version 2") {
    refuseSha256(lines);
    return speakV2(wire, lines);
  }
  const [head = "", capabilities = ""] = (lines[0] ?? "").split("\0");
  refuseSha256(capabilities.split(" "));
  return speakV0(wire, [head, ...lines.slice(1)], capabilities.split(" "));
}

function speakV2(wire: GitWire, offered: readonly string[]): UploadPack {
  const features = valuesOf(offered, "fetch");
  const agent = chooseCapabilities(offered, [[AGENT]])
    .map(pkt)
    .join("");
  const command = (name: string, args: readonly string[]) =>
    Buffer.from(pkt(`command=${name}`) + agent + DELIM + args.map((arg) => pkt(`${arg}\n`)).join("") + FLUSH);
  const listRefs = async (branch: string) =>
    readLines(await wire.request(command("ls-refs", ["symrefs", `ref-prefix refs/heads/${branch}`, "ref-prefix HEAD"])));
  return {
    async list(branch) {
      const refs = await listRefs(branch ?? FIRST_CHOICE);
      const target = refs.find((line) => line.split(" ")[1] === "HEAD")?.match(/ symref-target:refs\/heads\/(\S+)/)?.[1];
      const isTold = branch !== undefined || target !== undefined || findTip(refs, branchRef(FIRST_CHOICE)) !== undefined;
      return readListing(isTold || findTip(refs, "HEAD") === undefined ? refs : await listRefs(""), branch, target);
    },
    async *pack(request, shallow) {
      if (request.depth) requireCapability(features, "shallow");
      // The first two are every server's of protocol 2.
      const args = ["no-progress", "ofs-delta", `want ${request.want}`, ...haveLines(request), ...limitLines(request, features), "done"];
      yield* readPack(await wire.request(command("fetch", args)), shallow);
    },
  };
}

function speakV0(wire: GitWire, refs: readonly string[], capabilities: readonly string[]): UploadPack {
  return {
    async list(branch) {
      const symref = capabilities.find((word) => word.startsWith("symref=HEAD:refs/heads/"));
      return readListing(refs, branch, symref?.slice("symref=HEAD:refs/heads/".length));
    },
    async *pack(request, shallow) {
      requireCapability(capabilities, "side-band-64k", "side-band");
      if (request.depth) requireCapability(capabilities, "shallow");
      const words = chooseCapabilities(capabilities, [
        ["multi_ack_detailed", "multi_ack"],
        ["side-band-64k", "side-band"],
        ["ofs-delta"],
        ["no-progress"],
        ...(request.commitsOnly ? [["filter"]] : []),
        [AGENT],
      ]);
      const [haves, shallows] = [haveLines({ haves: request.haves ?? [] }), haveLines({ shallows: request.shallows ?? [] })];
      const body =
        pkt(`want ${request.want} ${words.join(" ")}\n`) +
        [...shallows, ...limitLines(request, capabilities)].map((line) => pkt(`${line}\n`)).join("") +
        FLUSH +
        [...haves, "done"].map((line) => pkt(`${line}\n`)).join("");
      yield* readPack(await wire.request(Buffer.from(body)), shallow);
    },
  };
}

function haveLines(request: { haves?: readonly string[]; shallows?: readonly string[] }): string[] {
  return [...(request.shallows ?? []).map((sha) => `shallow ${sha}`), ...(request.haves ?? []).map((sha) => `have ${sha}`)];
}

function limitLines(request: PackRequest, offered: readonly string[]): string[] {
  const canFilter = request.commitsOnly && offered.includes("filter");
  return [...(request.depth ? [`deepen ${request.depth}`] : []), ...(canFilter ? ["filter tree:0"] : [])];
}

/** `target`: the branch that HEAD stands for, where the server says so. */
function readListing(refs: readonly string[], asked: string | undefined, target: string | undefined): RefListing {
  const defaultBranch = isBranch(target) ? target : undefined;
  const hasFirstChoice = findTip(refs, branchRef(FIRST_CHOICE)) !== undefined;
  const branch = asked ?? (hasFirstChoice ? FIRST_CHOICE : (defaultBranch ?? branchAtHead(refs)));
  if (branch === undefined) return { branch, tip: undefined, defaultBranch };
  // A listing that was narrowed to another name holds the default branch as HEAD alone.
  const isHead = asked === undefined && branch === defaultBranch;
  return { branch, tip: findTip(refs, branchRef(branch)) ?? (isHead ? findTip(refs, "HEAD") : undefined), defaultBranch };
}

/** The only branch at HEAD's commit, for a server that does not say which one HEAD stands for. */
function branchAtHead(refs: readonly string[]): string | undefined {
  const head = findTip(refs, "HEAD");
  const there = refs.filter((ref) => head !== undefined && ref.startsWith(`${head} ${branchRef("")}`));
  const name = there[0]?.split(" ")[1]?.slice(branchRef("").length);
  return there.length === 1 && isBranch(name) ? name : undefined;
}

function isBranch(name: string | undefined): name is string {
  return name !== undefined && branchProblem(name) === undefined;
}

function branchRef(branch: string): string {
  return `refs/heads/${branch}`;
}

function findTip(refs: readonly string[], name: string): string | undefined {
  const line = refs.find((ref) => ref.split(" ")[1] === name);
  return line?.match(/^[0-9a-f]{40} /) ? line.slice(0, 40) : undefined;
}

function refuseSha256(capabilities: readonly string[]): void {
  if (capabilities.includes("object-format=sha256")) {
    throw new ReconcileError("git_protocol", "the repository uses SHA-256 object names, which are not supported; use a SHA-1 repository");
  }
}

/** The side band's first channel: the packfile. Both protocols put only text (ACK of any kind, NAK, shallow, section names) in front of it. */
async function* readPack(reader: PktReader, shallow: Set<string>): AsyncGenerator<Buffer, void, undefined> {
  const countIdle = countIdleLines();
  let started = false;
  for (;;) {
    const line = await reader.next();
    if (!line)
      throw new ReconcileError("git_unreachable", "the git server hung up in the middle of a pack; it is asked again at the next pass");
    if (line.kind === "flush" && started) return;
    if (line.kind !== "data") continue;
    const band = line.data[0];
    if (band === 1 && line.data.length > 1) {
      started = true;
      yield line.data.subarray(1);
      continue;
    }
    countIdle();
    if (band === 3) {
      throw new ReconcileError("git_protocol", `the git server failed: ${serverWords(line.data.subarray(1))}`);
    }
    if (band !== 1 && band !== 2) {
      const text = line.data.toString("utf8").trim();
      refuseError(text);
      const [word, sha] = text.split(" ");
      if (word === "shallow" && sha && /^[0-9a-f]{40}$/.test(sha)) shallow.add(sha);
      if (shallow.size > MOST_SHALLOW)
        throw new ReconcileError("git_limit", "the git server names too many shallow boundaries; check the repository");
    }
  }
}
