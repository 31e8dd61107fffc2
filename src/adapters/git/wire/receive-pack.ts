/** The writing half: one ref moved by compare-and-swap, acknowledged by report-status (gitprotocol-pack(5)). */
import type { PushResult } from "../../../core/git-ports.ts";
import { branchProblem } from "../../../core/targets/branch.ts";
import { ReconcileError } from "../../../errors.ts";
import { serverWords } from "../../../text/server-words.ts";
import { AGENT, chooseCapabilities } from "./capabilities.ts";
import type { GitWire } from "./git-wire.ts";
import { countIdleLines, endless, FLUSH, openAdvertisement, type PktReader, pkt, readLines, refuseError } from "./pkt-line.ts";

export interface RefUpdate {
  readonly branch: string;
  readonly from: string;
  readonly to: string;
}

/** Of a branch for proposals. */
export interface ProposalUpdate extends Omit<RefUpdate, "from"> {
  /** Undefined: there is no such branch yet. */
  readonly from: string | undefined;
  /** With which such branches begin. */
  readonly prefix: string;
  /** For the server's hooks, where it takes them; one line each. */
  readonly options?: readonly string[];
}

/** Of a pull request that Gitea or Forgejo opens by a push alone (AGit), or that this very user has opened so. */
export interface RequestUpdate {
  readonly base: string;
  readonly topic: string;
  readonly to: string;
  /** With which topics begin. */
  readonly prefix: string;
  readonly options: readonly string[];
}

/** What a server says of a ref that is not there. */
const NOTHING = "0".repeat(40);

/** The report is a line for the pack and one for the branch. */
const MOST_REPORT_BYTES = 256 * 1024;

const MOST_COPIED_BYTES = 2 ** 20;

/** `makePack` runs once the server has shown that the branch is still at `from`. `onSend` is called before the first byte that could change the remote. A refusal may be a race that was lost since: that is seen by looking, not by its words. */
export async function pushRef(wire: GitWire, update: RefUpdate, makePack: () => Promise<Buffer>, onSend: () => void): Promise<PushResult> {
  // A branch that is gone is not brought back: the next look at the remote says that it is missing.
  return moveRef(wire, { ref: `refs/heads/${update.branch}`, from: update.from, to: update.to, options: [] }, makePack, onSend);
}

/**
 * The one push that may take away what stood on a branch: the caller has looked at it, and has seen that it is the operator's own. Whatever the
 * caller thinks, no branch but those below the prefix is moved so.
 */
export async function pushProposal(
  wire: GitWire,
  { branch, from, to, prefix, options = [] }: ProposalUpdate,
  makePack: () => Promise<Buffer>,
  onSend: () => void,
): Promise<PushResult> {
  if (!isBelow(prefix, branch)) {
    throw new ReconcileError("internal", `branch '${branch}' does not begin with '${prefix}', so nothing may be written anew on it`);
  }
  return moveRef(wire, { ref: `refs/heads/${branch}`, from: from ?? NOTHING, to, options }, makePack, onSend);
}

/** The ref is none that the server keeps, and is never advertised: it opens a request, or updates the pusher's own of that topic. */
export async function pushRequest(
  wire: GitWire,
  { base, topic, to, prefix, options }: RequestUpdate,
  makePack: () => Promise<Buffer>,
  onSend: () => void,
): Promise<PushResult> {
  if (!isBelow(prefix, topic) || branchProblem(base) !== undefined) {
    throw new ReconcileError(
      "internal",
      `topic '${topic}' for '${base}' does not begin with '${prefix}', so nothing may be proposed by it`,
    );
  }
  return moveRef(wire, { ref: `refs/for/${base}/${topic}`, from: NOTHING, to, options, needsOptions: true }, makePack, onSend);
}

function isBelow(prefix: string, branch: string): boolean {
  return prefix.length > 1 && prefix.endsWith("/") && branch.startsWith(prefix) && branchProblem(branch) === undefined;
}

interface Move {
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  readonly options: readonly string[];
  /** A server that takes no options would do something else by it. */
  readonly needsOptions?: true;
}

async function moveRef(
  wire: GitWire,
  { ref, from, to, options, needsOptions }: Move,
  makePack: () => Promise<Buffer>,
  onSend: () => void,
): Promise<PushResult> {
  const { tip = NOTHING, capabilities } = await readPushRefs(wire, ref);
  if (tip !== from) return { kind: "raced" };
  if (needsOptions && !capabilities.includes("push-options")) {
    throw new ReconcileError(
      "git_protocol",
      `the git server takes no push options, so it opens no request by ${ref}; name a token by gitops.operator.manifest_token_secret_name`,
    );
  }
  const sideBand = capabilities.includes("side-band-64k");
  // The packs have no deltas, so no server need be told of any.
  const wanted = [["report-status"], ["side-band-64k"], ...(options.length > 0 ? [["push-options"]] : []), [AGENT]];
  const words = chooseCapabilities(capabilities, wanted);
  const command = `${from} ${to} ${ref}\0 ${words.join(" ")}`;
  const pack = await makePack();
  onSend();
  const told = words.includes("push-options") ? options.map(pkt).join("") + FLUSH : "";
  const head = Buffer.from(pkt(command) + FLUSH + told);
  // A small pack goes in one message with the command; a large one is not copied for that.
  if (pack.length > MOST_COPIED_BYTES) await wire.request(head);
  const answer = await wire.request(pack.length > MOST_COPIED_BYTES ? pack : Buffer.concat([head, pack]));
  const result = sideBand ? readReport(...(await demultiplex(answer)), ref) : readReport(await readLines(answer), "", ref);
  return result.kind === "accepted" && told !== "" ? { ...result, tookOptions: true } : result;
}

/** The advertisement, which servers refuse to a key without write access; `tip`: the object id of `ref`. */
export async function readPushRefs(wire: GitWire, ref?: string): Promise<{ tip: string | undefined; capabilities: readonly string[] }> {
  const advertisement = await openAdvertisement(await wire.advertisement());
  const [first, words = ""] = (advertisement.first ?? "").split("\0");
  const capabilities = words.split(" ");
  if (!capabilities.includes("report-status")) {
    throw new ReconcileError("git_protocol", "the git server does not acknowledge pushes (no report-status); use git 1.5 or newer there");
  }
  let tip: string | undefined;
  for (let line = first; line !== undefined; line = await advertisement.section.next()) {
    if (tip === undefined && line.slice(41) === ref) tip = line.slice(0, 40);
  }
  return { tip, capabilities };
}

/** Band 1 holds the report in pkt-lines of its own, band 2 what hooks print. */
async function demultiplex(reader: PktReader): Promise<[report: string[], said: string]> {
  const countIdle = countIdleLines();
  const report: Buffer[] = [];
  let reportBytes = 0;
  let said = "";
  for (;;) {
    const line = await reader.next();
    if (!line) throw cut();
    if (line.kind === "flush") break;
    if (line.kind !== "data") continue;
    const [band, text] = [line.data[0], line.data.subarray(1)];
    countIdle();
    // In no band at all: a server that gave up.
    if (band !== undefined && band > 3) refuseError(line.data.toString("utf8"));
    if (band === 1) {
      report.push(text);
      reportBytes += text.length;
    } else if (said.length < 4096) said += text.toString("utf8");
    if (reportBytes > MOST_REPORT_BYTES) throw endless();
    if (band === 3) throw new ReconcileError("git_protocol", `the git server failed: ${serverWords(said)}`);
  }
  const lines: string[] = [];
  const bytes = Buffer.concat(report);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 4), 16);
    if (!(length >= 4)) break;
    lines.push(bytes.toString("utf8", at + 4, at + length).replace(/\n$/, ""));
    at += length;
  }
  return [lines, said];
}

function readReport(report: readonly string[], said: string, ref: string): PushResult {
  if (report.includes("unpack ok") && report.includes(`ok ${ref}`)) return { kind: "accepted", ...(said !== "" && { said }) };
  const refusal = report.find((line) => `${line} `.startsWith(`ng ${ref} `))?.slice(`ng ${ref} `.length);
  const unpack = report.find((line) => line.startsWith("unpack ") && line !== "unpack ok")?.slice("unpack ".length);
  if (refusal === undefined && unpack === undefined) throw cut();
  const reason = serverWords([unpack, refusal].filter(Boolean).join("; ")) || "no reason given";
  const words = serverWords(said);
  return { kind: "refused", reason: words ? `${reason} (${words})` : reason };
}

function cut(): ReconcileError {
  return new ReconcileError(
    "git_unreachable",
    "the connection was cut before the git server had acknowledged the push; the next pass looks what became of it",
  );
}
