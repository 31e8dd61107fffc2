/** Pull and merge requests: found by both of their branches, opened once, edited in place. How a kind of forge has them is told by its `ProposalKind`. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ForgeLogin } from "../../core/ports.ts";
import type { FoundProposal, Proposal, ProposalPlace, Proposals, ProposalWords } from "../../core/proposal-ports.ts";
import { canonicalHost } from "../../core/repository.ts";
import type { Repository } from "../../core/types.ts";
import { cut } from "../../text/cut.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { HttpReply } from "../egress/http-request.ts";
import type { AskedOf } from "./asked.ts";
import { type Questions, troubleOf } from "./commit-statuses.ts";
import type { ForgeOptions } from "./forge.ts";
import { listOf, type Page, type Unknown, unknown } from "./forge-questions.ts";
import type { ListedProposal, ProposalKind, Talk } from "./proposal-kind.ts";

type Times = Pick<ForgeOptions, "pauseMs" | "now" | "deadlineMs">;

const MOST_TITLE = 250;
const MOST_DESCRIPTION = 30_000;
const MOST_URL = 2_048;
/** What is refused for one that is there already, by the kinds of forges. */
const ALREADY = [400, 409, 422];
/** A forge that has just opened one looks in the background whether it can be merged, for seconds. */
const AUTO_MERGE_TRIES = 5;
const AUTO_MERGE_MS = 10_000;
const FIRST_PAUSE_MS = 250;
/** Of a question; what is asked for one request takes no more than three such together, however many questions that are. */
const DEADLINE_MS = 10_000;
const MOST_DEADLINES = 3;
/** Of a description that is too long: the rest is for people's words. */
const MOST_TRAILERS_PART = 0.9;

/** `root`: of the forge's pages, as people open them. */
export function createProposals<Item>(
  questions: Questions,
  kind: ProposalKind<Item>,
  askedOf: AskedOf,
  {
    root,
    pauseMs = FIRST_PAUSE_MS,
    now = () => performance.now(),
    deadlineMs = DEADLINE_MS,
  }: { readonly root: (repository: Repository) => string } & Times,
): Proposals {
  const { what, rights } = kind;

  function talkOf({ repository, head, base }: ProposalPlace, login: ForgeLogin): Talk | Unknown {
    if (![head, base].every(isBranch)) return unknown("a branch that is none can't be proposed");
    const asked = askedOf(repository, login, "manifest_repository");
    if ("kind" in asked) return asked;
    const all = { what, query: {}, ...asked, annotation: "manifest_repository", until: now() + MOST_DEADLINES * deadlineMs } as const;
    return {
      repository: asked.repository,
      ask: (question) => questions.ask({ ...rights.read, ...all, ...question }),
      send: (message) => questions.send({ ...rights.write, ...all, ...message }),
    };
  }

  function listedIn(value: unknown, place: ProposalPlace): ListedProposal<Item> | undefined {
    const { data } = kind.item.safeParse(value);
    return data && kind.read(data, place);
  }

  async function look(talk: Talk, place: ProposalPlace, state: "open" | "all"): Promise<ListedProposal<Item> | Unknown | undefined> {
    const list = await kind.list(talk, place, state);
    if ("kind" in list) return list;
    const { path, query, within, next } = list;
    const schema = listOf(kind.item);
    const found = await talk.ask<ListedProposal<Item>>({
      ...{ path, query },
      read(reply, page): Page<ListedProposal<Item>> | undefined {
        const json = parseJson(reply.text);
        const { data } = schema.safeParse(within === undefined ? json : (json as Record<string, unknown> | null | undefined)?.[within]);
        const items = data?.flatMap((item) => kind.read(item, place) ?? []);
        // No other page is newer.
        return items && { items, next: items.length > 0 ? undefined : next(reply, page, data?.length ?? 0) };
      },
    });
    if (found.kind === "unknown") return found;
    const [first] = found.items.toSorted((one, other) => other.number - one.number);
    return found.items.find((one) => one.state === "open") ?? first;
  }

  async function newest(talk: Talk, place: ProposalPlace): Promise<ListedProposal<Item> | Unknown | undefined> {
    const path = kind.one?.(talk, place);
    if (path === undefined) return look(talk, place, "all");
    const one = await talk.ask({ path, read: (reply) => single(reply, place) });
    if (one.kind === "unknown") return one.status === 404 ? undefined : one;
    const [item] = one.items;
    if (item?.state === "open") return item;
    // There may be newer ones than one that has ended, and more of others than are looked through.
    return (await look(talk, place, "all")) ?? item;
  }

  function single(reply: HttpReply, place: ProposalPlace): Page<ListedProposal<Item>> | undefined {
    const item = listedIn(parseJson(reply.text), place);
    return item && { items: [item], next: undefined };
  }

  async function completed(talk: Talk, place: ProposalPlace, listed: ListedProposal<Item>): Promise<ListedProposal<Item> | Unknown> {
    const whole = kind.whole?.(talk, listed.number);
    if (!whole) return listed;
    const found = await talk.ask({ ...whole, read: (reply) => single(reply, place) });
    return found.kind === "unknown" ? found : (found.items[0] ?? listed);
  }

  function proposalOf(talk: Talk, { repository }: ProposalPlace, listed: ListedProposal<Item>): Proposal {
    const { state, number, url, description, headSha } = listed;
    return {
      ...{ state, number, description: description ?? "" },
      url: pageOf(url, `${root(repository)}/${kind.page(talk, number)}`, canonicalHost(repository.host)),
      headSha: /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(headSha ?? "") ? (headSha ?? undefined) : undefined,
    };
  }

  async function found(talk: Talk, place: ProposalPlace, listed: ListedProposal<Item> | Unknown | undefined) {
    if (!listed) return { kind: "none" } as const;
    if ("kind" in listed) return troubleOf(listed);
    const whole = await completed(talk, place, listed);
    return "kind" in whole ? troubleOf(whole) : ({ kind: "found", proposal: proposalOf(talk, place, whole) } as const);
  }

  /** Undefined: all was had. */
  async function addExtras(
    talk: Talk,
    place: ProposalPlace,
    listed: ListedProposal<Item>,
    { labels, autoMerge }: ProposalWords,
  ): Promise<string | undefined> {
    const unlabelled = labels.length > 0 ? await kind.addLabels?.(talk, listed.number, labels) : undefined;
    const unmerged = autoMerge ? unmergedText(await setAutoMerge(talk, place, listed)) : undefined;
    const warnings = [unlabelled && `its labels are missing: ${unlabelled.reason}`, unmerged];
    return warnings.filter((one) => one !== undefined).join("; ") || undefined;
  }

  async function setAutoMerge(talk: Talk, place: ProposalPlace, listed: ListedProposal<Item>): Promise<Unknown | undefined> {
    const until = now() + AUTO_MERGE_MS;
    for (let attempt = 1; kind.autoMerge && attempt <= AUTO_MERGE_TRIES; attempt++) {
      const isLast = attempt === AUTO_MERGE_TRIES || now() >= until;
      const answer = await kind.autoMerge(talk, listed, place, isLast);
      if (answer !== "not yet") return answer;
      if (isLast) break;
      await sleep(pauseMs * attempt ** 2);
    }
    return kind.autoMerge && unknown("the forge does not know yet whether it can be merged; set it there, or merge it");
  }

  return {
    async find(place, login) {
      const talk = talkOf(place, login);
      if ("kind" in talk) return troubleOf(talk);
      return found(talk, place, await newest(talk, place));
    },
    async open(place, words, login) {
      const talk = talkOf(place, login);
      if ("kind" in talk) return troubleOf(talk);
      const said = fitted(words, kind.mostDescription);
      const sent = await kind.create(talk, place, said);
      if (sent.kind === "unknown" && !ALREADY.includes(sent.status ?? 0)) return troubleOf(sent);
      const made = sent.kind === "unknown" ? undefined : listedIn(parseJson(sent.text), place);
      if (!made) {
        const open = await found(talk, place, await look(talk, place, "open"));
        if (open.kind === "found") return open;
        return troubleOf(
          sent.kind === "unknown" ? sent : unknown(`what was opened is not among ${what} of ${talk.repository}; look there`),
        );
      }
      const warning = await addExtras(talk, place, made, words);
      return { kind: "found", proposal: proposalOf(talk, place, made), ...(warning !== undefined && { warning }) } satisfies FoundProposal;
    },
    async edit(place, { number }, words, login) {
      const talk = talkOf(place, login);
      if ("kind" in talk) return troubleOf(talk);
      const sent = await kind.edit(talk, number, fitted(words, kind.mostDescription));
      // Somebody has changed it in this moment.
      if (sent.kind === "unknown") return sent.status === 409 ? { ...troubleOf(sent), kind: "unavailable" } : troubleOf(sent);
      const listed = listedIn(parseJson(sent.text), place);
      const warning = listed ? await addExtras(talk, place, listed, words) : "what it has become is not told; look at it there";
      return { kind: "edited", ...(warning !== undefined && { warning }) };
    },
    async setAutoMerge(place, login) {
      const talk = talkOf(place, login);
      if ("kind" in talk) return unmergedText(talk);
      const listed = await look(talk, place, "open");
      if (!listed) return undefined;
      return unmergedText("kind" in listed ? listed : await setAutoMerge(talk, place, listed));
    },
  };
}

function unmergedText(why: Unknown | undefined): string | undefined {
  return why && `it is not merged by itself: ${why.reason}`;
}

/** The trailers, which are the last paragraph, stay; of those of files, which come last, as many as fit. */
function fitted(words: ProposalWords, most = MOST_DESCRIPTION): ProposalWords {
  const title = cut(words.title, MOST_TITLE);
  const { description } = words;
  if (description.length <= most) return { ...words, title };
  const end = description.lastIndexOf("\n\n");
  const trailers = wholeLines(description.slice(end), Math.floor(most * MOST_TRAILERS_PART));
  // A character may have two places.
  return { ...words, title, description: cut(description.slice(0, end), Math.floor((most - trailers.length) / 2)) + trailers };
}

function wholeLines(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, text.lastIndexOf("\n", most));
}

/** No part of it leads out of a path that it is in. */
function isBranch(name: string): boolean {
  return name.split("/").every((part) => !/^\.{0,2}$/.test(part));
}

/** What the forge tells is shown to people only if it is that very page on its own host. */
function pageOf(told: string | null | undefined, ours: string, host: string): string {
  const url = told && told.length <= MOST_URL ? URL.parse(told) : null;
  const made = new URL(ours);
  const isPage = url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
  return isPage && (url.hostname === made.hostname || url.hostname === host) && url.pathname.endsWith(made.pathname) ? url.href : made.href;
}
