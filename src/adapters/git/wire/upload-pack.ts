/** The reading half of git's wire protocol: v2 where the server speaks it (refs filtered by the server), else v0 (gitprotocol-pack(5), gitprotocol-v2(5)). */
import type { Release, ReleasePattern } from "../../../core/app-history.ts";
import { ReconcileError } from "../../../errors.ts";
import { ownText } from "../../../text/own-text.ts";
import { serverWords } from "../../../text/server-words.ts";
import { AGENT, chooseCapabilities, requireCapability, valuesOf } from "./capabilities.ts";
import type { GitWire } from "./git-wire.ts";
import {
  countIdleLines,
  createLineReader,
  DELIM,
  FLUSH,
  type LineReader,
  MANY_REFS,
  openAdvertisement,
  type PktReader,
  pkt,
  readLines,
  refuseError,
} from "./pkt-line.ts";
import { createRefPicker, FIRST_CHOICE, type RefListing } from "./ref-listing.ts";
import { createRequestPicker, REQUESTS, type RequestHead } from "./request-listing.ts";
import { createTagPicker, createWantFinder, TAGS } from "./tag-listing.ts";

export interface PackRequest {
  readonly want: string;
  /** Wanted beside it. */
  readonly others?: readonly string[];
  readonly haves?: readonly string[];
  readonly shallows?: readonly string[];
  readonly depth?: number;
  /** Only commits that are not older, in seconds since 1970, where `canBoundByTime`; there must be one. */
  readonly since?: number;
  /** No folders and files but those that are wanted by their ids, where the server can (partial clone); one that can't sends everything, commits first. */
  readonly withoutTrees?: boolean;
}

export interface UploadPack {
  /** Whether it can leave out what is not wanted. */
  readonly canFilter: boolean;
  /** Whether it can leave out what is older than a time. */
  readonly canBoundByTime: boolean;
  /** After a pack that was read to its end another may be asked for. */
  readonly sendsMany: boolean;
  list(branch: string | undefined): Promise<RefListing>;
  /** The highest first, 1,001 at most. */
  releases(pattern: ReleasePattern): Promise<readonly Release[]>;
  /** Of Gitea's pull requests: the newest, or `known` alone, where it is there. */
  requests(known: number | undefined): Promise<readonly RequestHead[]>;
  /** What to want in order to get that commit, which a branch or tag stands at. */
  wantFor(sha: string): Promise<string>;
  /** The packfile's bytes as they come; the server's new shallow boundaries are added to `shallow` before the first. */
  pack(request: PackRequest, shallow: Set<string>): AsyncGenerator<Buffer, void, undefined>;
}

const MOST_SHALLOW = 10_000;
/** Reads the advertisement as far as it says what the server can. One listing may follow on the same wire, and then a pack. */
export async function openUploadPack(wire: GitWire): Promise<UploadPack> {
  const reader = await wire.advertisement();
  const { section, first } = await openAdvertisement(reader);
  if (first === "version 2") {
    const offered = await readLines(reader);
    refuseSha256(offered);
    return speakV2(wire, offered);
  }
  const [ref = "", words = ""] = (first ?? "").split("\0");
  const capabilities = words.split(" ");
  refuseSha256(capabilities);
  return speakV0(wire, ref, section, capabilities);
}

function speakV2(wire: GitWire, offered: readonly string[]): UploadPack {
  const features = valuesOf(offered, "fetch");
  const agent = chooseCapabilities(offered, [[AGENT]])
    .map(pkt)
    .join("");
  const command = (name: string, args: readonly string[]) =>
    Buffer.from(pkt(`command=${name}`) + agent + DELIM + args.map((arg) => pkt(`${arg}\n`)).join("") + FLUSH);
  /** Of the refs whose names begin so. */
  const listRefs = async (branch: string | undefined, prefix: string) => {
    const args = ["symrefs", `ref-prefix refs/heads/${prefix}`, "ref-prefix HEAD"];
    const lines = createLineReader(await wire.request(command("ls-refs", args)), MANY_REFS);
    return pickRefs(createRefPicker(branch, undefined), lines);
  };
  return {
    canFilter: features.includes("filter"),
    canBoundByTime: features.includes("shallow"),
    sendsMany: true,
    wantFor: async (sha) => sha,
    async releases(pattern) {
      const args = ["peel", `ref-prefix ${TAGS}${pattern.prefix}`];
      const lines = createLineReader(await wire.request(command("ls-refs", args)), MANY_REFS);
      return (await pickRefs(createTagPicker(pattern), lines)).releases;
    },
    async requests(known) {
      const lines = createLineReader(await wire.request(command("ls-refs", [`ref-prefix ${REQUESTS}`])), MANY_REFS);
      return (await pickRefs(createRequestPicker(known), lines)).heads;
    },
    async list(branch) {
      const refs = await listRefs(branch, branch ?? FIRST_CHOICE);
      return (refs.isUnsaid ? await listRefs(branch, "") : refs).listing;
    },
    async *pack(request, shallow) {
      if (request.depth) requireCapability(features, "shallow");
      // The first two are every server's of protocol 2. No client can ask for a pack without deltas: without ofs-delta they are on ids, of 20 bytes each.
      const others = (request.others ?? []).map((id) => `want ${id}`);
      const args = [
        "no-progress",
        "ofs-delta",
        `want ${request.want}`,
        ...others,
        ...haveLines(request),
        ...limitLines(request, features),
        "done",
      ];
      yield* readPack(await wire.request(command("fetch", args)), shallow);
    },
  };
}

/** `first`: the ref of the line that has the capabilities; `rest`: the others. */
function speakV0(wire: GitWire, first: string, rest: LineReader, capabilities: readonly string[]): UploadPack {
  async function readListing<Picker extends { look(line: string): void }>(refs: Picker): Promise<Picker> {
    refs.look(first);
    return pickRefs(refs, rest);
  }
  return {
    canFilter: capabilities.includes("filter"),
    canBoundByTime: capabilities.includes("deepen-since"),
    sendsMany: false,
    wantFor: async (sha) => (await readListing(createWantFinder(sha))).want,
    releases: async (pattern) => (await readListing(createTagPicker(pattern))).releases,
    requests: async (known) => (await readListing(createRequestPicker(known))).heads,
    async list(branch) {
      const symref = capabilities.find((word) => word.startsWith("symref=HEAD:refs/heads/"));
      return (await readListing(createRefPicker(branch, symref?.slice("symref=HEAD:refs/heads/".length)))).listing;
    },
    async *pack(request, shallow) {
      // What was not listed is in front of the pack.
      while ((await rest.next()) !== undefined);
      requireCapability(capabilities, "side-band-64k", "side-band");
      if (request.depth) requireCapability(capabilities, "shallow");
      const words = chooseCapabilities(capabilities, [
        ["multi_ack_detailed", "multi_ack"],
        ["side-band-64k", "side-band"],
        ["ofs-delta"],
        ["no-progress"],
        ...(request.withoutTrees ? [["filter"]] : []),
        ...(request.since === undefined ? [] : [["deepen-since"]]),
        [AGENT],
      ]);
      const [haves, shallows] = [haveLines({ haves: request.haves ?? [] }), haveLines({ shallows: request.shallows ?? [] })];
      const others = (request.others ?? []).map((id) => `want ${id}`);
      const body =
        pkt(`want ${request.want} ${words.join(" ")}\n`) +
        [...others, ...shallows, ...limitLines(request, capabilities)].map((line) => pkt(`${line}\n`)).join("") +
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
  const canFilter = request.withoutTrees && offered.includes("filter");
  const { depth, since } = request;
  const depths = [...(depth ? [`deepen ${depth}`] : []), ...(since === undefined ? [] : [`deepen-since ${since}`])];
  return [...depths, ...(canFilter ? ["filter tree:0"] : [])];
}

async function pickRefs<Picker extends { look(line: string): void }>(refs: Picker, lines: LineReader): Promise<Picker> {
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) refs.look(line);
  return refs;
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
      if (word === "shallow" && sha && /^[0-9a-f]{40}$/.test(sha)) shallow.add(ownText(sha));
      if (shallow.size > MOST_SHALLOW)
        throw new ReconcileError("git_limit", "the git server names too many shallow boundaries; check the repository");
    }
  }
}
