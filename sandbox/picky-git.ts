/** Git servers that are not git's own: each names its own capabilities, refuses in its own words whatever it did not name, and demands what it demands. */
import { Transform } from "node:stream";
import type { GitProfile } from "./git-profiles.ts";

interface PickyGit {
  /** What the client says, on its way to git: ends at the first word that was not offered. */
  readonly fromClient: Transform;
  /** What git says, on its way to the client. */
  readonly fromServer: Transform;
}

/** A conversation from its beginning; or over HTTP the listing of refs, or the answer to what was asked then. */
type Part = "all" | "listing" | "answer";

/** `refuse` is called once at most, before git has seen what was wrong. */
export function createPickyGit(
  profile: GitProfile,
  service: string,
  protocol: 0 | 2,
  refuse: (problem: string, words: string) => void,
  part: Part = "all",
): PickyGit {
  const isPush = service === "git-receive-pack";
  const offered = isPush ? profile.push : protocol === 2 ? (profile.fetchV2 ?? []) : profile.fetch;
  const judge = isPush ? judgePush(offered) : protocol === 2 ? judgeV2(offered) : judgeWants(offered, profile.demands ?? []);
  return {
    fromServer: editPktLines(
      protocol === 2 ? showV2(offered, part === "answer") : showV0(offered, isPush ? profile.raced : undefined, part === "answer"),
    ),
    fromClient: editPktLines((line) => {
      const verdict = judge(line);
      if (typeof verdict === "object") refuse(verdict.problem, profile.refusal(verdict.problem));
      return typeof verdict === "object" ? { kind: "drop" } : { kind: verdict, line };
    }),
  };
}

/** A pkt-line's payload, each character a byte, or a mark: `0000`, `0001`. */
type Line = { readonly payload: string } | { readonly mark: string };
type Edited = { readonly kind: "next" | "pass on"; readonly line: Line } | { readonly kind: "drop" };
type Judge = (line: Line) => "next" | "pass on" | { readonly problem: string };

/** Each line as `edit` would have it; after "pass on" the rest goes as it is, after "drop" nothing more. */
function editPktLines(edit: (line: Line) => Edited): Transform {
  let unread = Buffer.alloc(0);
  let state: Edited["kind"] = "next";
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unread = Buffer.concat([unread, chunk]);
      while (state === "next" && unread.length >= 4) {
        const length = Number.parseInt(unread.toString("latin1", 0, 4), 16);
        if (unread.length < length) break;
        const edited = edit(length < 4 ? { mark: unread.toString("latin1", 0, 4) } : { payload: unread.toString("latin1", 4, length) });
        unread = unread.subarray(Math.max(length, 4));
        state = edited.kind;
        if (edited.kind !== "drop") this.push("mark" in edited.line ? edited.line.mark : frame(edited.line.payload));
      }
      if (state === "pass on") {
        this.push(unread);
        unread = Buffer.alloc(0);
      }
      done();
    },
  });
}

function frame(payload: string): Buffer {
  return Buffer.from((payload.length + 4).toString(16).padStart(4, "0") + payload, "latin1");
}

/** The first line's capabilities are replaced. */
function showV0(offered: readonly string[], raced: ((ref: string) => string) | undefined, isAnswer: boolean): (line: Line) => Edited {
  let isFirst = true;
  let isListed = isAnswer;
  let isAnnounced = false;
  return (line) => {
    // Over HTTP the listing has a line and a mark before it (gitprotocol-http(5)).
    if (!isListed && "payload" in line && line.payload.startsWith("# service=")) {
      isAnnounced = true;
      return { kind: "next", line };
    }
    if (isAnnounced) {
      isAnnounced = false;
      return { kind: "next", line };
    }
    if (isListed) return { kind: "next", line: raced && "payload" in line ? { payload: rewordRaces(line.payload, raced) } : line };
    if ("mark" in line) {
      isListed = true;
      return { kind: raced ? "next" : "pass on", line };
    }
    if (!isFirst) return { kind: "next", line };
    isFirst = false;
    const [ref = "", own = ""] = line.payload.trimEnd().split("\0");
    const symrefs = own.split(" ").filter((word) => word.startsWith("symref="));
    const words = offered.flatMap((word) => (word === "symref" ? symrefs : [word]));
    return { kind: "next", line: { payload: `${ref}\0${words.join(" ")}\n` } };
  };
}

/** Band 1 holds the report in pkt-lines of its own. */
function rewordRaces(payload: string, raced: (ref: string) => string): string {
  if (!payload.startsWith("\x01")) return payload;
  let report = "\x01";
  for (let at = 1; at < payload.length; ) {
    const length = Math.max(Number.parseInt(payload.slice(at, at + 4), 16), 4);
    const text = payload.slice(at + 4, at + length);
    const reworded = text.replace(/^ng (\S+) failed to update ref/, (_, ref: string) => `ng ${ref} ${raced(ref)}`);
    report += text === "" ? "0000" : frame(reworded).toString("latin1");
    at += length;
  }
  return report;
}

function showV2(offered: readonly string[], isAnswer: boolean): (line: Line) => Edited {
  return (line) => {
    if (isAnswer || "mark" in line) return { kind: "pass on", line };
    // The whole list is one line of ours, framed line by line.
    if (line.payload !== "version 2\n") return { kind: "next", line: { mark: "" } };
    return { kind: "next", line: { mark: ["version 2", ...offered].map((word) => frame(`${word}\n`).toString("latin1")).join("") } };
  };
}

function judgeWants(offered: readonly string[], demands: readonly string[]): Judge {
  const names = namesOf(offered);
  let isFirst = true;
  return (line) => {
    if ("mark" in line) return "next";
    const [word = "", , ...asked] = line.payload.trim().split(" ");
    if (word === "done") return "pass on";
    const wanted = { shallow: "shallow", deepen: "shallow", filter: "filter" }[word];
    if (wanted && !names.has(wanted)) return { problem: `'${word}' without ${wanted}` };
    if (word !== "want" || !isFirst) return "next";
    isFirst = false;
    const strange = asked.find((capability) => !names.has(nameOf(capability)));
    if (strange !== undefined) return { problem: `'${strange}' was not offered` };
    if (demands.length > 0 && !asked.some((capability) => demands.includes(capability))) return { problem: `no ${demands.join(" or ")}` };
    return "next";
  };
}

/** What every server of protocol 2 takes (gitprotocol-v2(5)), and what only with a feature. */
const LS_REFS = new Map([
  ["peel", ""],
  ["symrefs", ""],
  ["ref-prefix", ""],
  ["unborn", "unborn"],
]);
const FETCH = new Map([
  ...["want", "have", "done", "thin-pack", "no-progress", "include-tag", "ofs-delta"].map((word) => [word, ""] as const),
  ...["shallow", "deepen", "deepen-relative", "deepen-since", "deepen-not"].map((word) => [word, "shallow"] as const),
  ["filter", "filter"],
  ["wait-for-done", "wait-for-done"],
]);

function judgeV2(offered: readonly string[]): Judge {
  const features = new Map(offered.map((line) => [nameOf(line), line.slice(nameOf(line).length + 1).split(" ")]));
  let command = "";
  let isInArguments = false;
  return (line) => {
    if ("mark" in line) {
      isInArguments = line.mark === "0001";
      if (!isInArguments) command = "";
      return "next";
    }
    const text = line.payload.trim();
    if (isInArguments) {
      const word = text.split(" ")[0] ?? "";
      const feature = (command === "fetch" ? FETCH : LS_REFS).get(word);
      const isKnown = feature !== undefined && (feature === "" || features.get(command)?.includes(feature));
      return isKnown ? "next" : { problem: `'${text}' was not offered by ${command}` };
    }
    const name = nameOf(text);
    if (name === "command") command = text.slice("command=".length);
    return features.has(name === "command" ? command : name) ? "next" : { problem: `'${text}' was not offered` };
  };
}

function judgePush(offered: readonly string[]): Judge {
  const names = namesOf(offered);
  return (line) => {
    if ("mark" in line) return "pass on";
    const asked = (line.payload.split("\0")[1] ?? "").trim().split(" ").filter(Boolean);
    const strange = asked.find((word) => !names.has(nameOf(word)));
    return strange === undefined ? "next" : { problem: `'${strange}' was not offered` };
  };
}

function namesOf(words: readonly string[]): ReadonlySet<string> {
  return new Set(words.map(nameOf));
}

function nameOf(word: string): string {
  return word.split("=")[0] ?? "";
}
