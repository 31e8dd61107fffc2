/** Who asks a forge, and of which repository: from what the annotations name to what its API is sent. */
import type { ForgeLogin } from "../../core/ports.ts";
import type { Repository } from "../../core/types.ts";
import type { UsedDispatcher } from "../egress/credential-connections.ts";
import type { AppRight } from "./app-tokens.ts";
import { type Unknown, unknown } from "./forge-questions.ts";

export type RepositoryAnnotation = "app_repository" | "manifest_repository";

/** The same for all that is asked of that repository. */
export interface Asked {
  readonly headers: Readonly<Record<string, string>>;
  /** By which the forge counts its limits. */
  readonly token: string;
  /** A GitHub App, which gets a token for the right of each question. */
  readonly app?: AppAsker;
  /** How people call the repository. */
  readonly repository: string;
  /** Which names it; default: the application's. */
  readonly annotation?: RepositoryAnnotation;
  /** Statuses that this forge answers for a token that is none, beside 401. */
  readonly tokenRefused?: readonly number[];
}

export interface AppAsker {
  /** Rejects with why there is none. `refused`: one that was, so another is wanted. */
  token(right: AppRight, signal: AbortSignal, refused?: string): Promise<string>;
  use(): UsedDispatcher;
}

/** `annotation`: which names the repository. */
export type AskedOf = (repository: Repository, login: ForgeLogin, annotation?: RepositoryAnnotation) => Asked | Unknown;

interface AskedOptions {
  /** How its paths are written: `OWNER/REPOSITORY`. */
  readonly form: string;
  /** Groups may have groups in them. */
  readonly isDeep?: boolean;
  readonly headers: (token: string) => Asked["headers"];
}

/** Of a forge whose API calls a repository as its path does, and takes a token in a header. */
export function askedByPath(forge: string, { form, isDeep = false, headers }: AskedOptions): AskedOf {
  return ({ path }, login, annotation = "app_repository") => {
    const parts = partsOf(path);
    const isRight = parts && (isDeep ? parts.length >= 2 : parts.length === 2);
    if (!isRight) return unknown(`gitops.operator.${annotation} is no ${form} of ${forge}; correct its path`);
    const read = readToken(forge, login);
    if ("kind" in read) return read;
    return { token: read.token, headers: headers(read.token), repository: parts.join("/") };
  };
}

/** The token as a header can carry it. */
export function readToken(forge: string, login: ForgeLogin): { readonly token: string } | Unknown {
  if (typeof login !== "string") {
    const { namespace, name } = login.secret;
    return unknown(`Secret ${namespace}/${name} holds a GitHub App, which ${forge} does not know; name a Secret with a token`);
  }
  const token = login.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return { token };
  return unknown(`the ${forge} token is empty or holds a character that no token has; recreate its Secret`);
}

/** The path's parts without a leading slash, a trailing one and `.git`; undefined for anything that could lead to another path of the API. */
export function partsOf(path: string, form = /^[A-Za-z0-9_.-]{1,100}$/): readonly string[] | undefined {
  const parts = path
    .replace(/^\//, "")
    .replace(/\/$/, "")
    .replace(/\.git$/i, "")
    .split("/");
  return parts.every((part) => form.test(part) && !/^\.\.?$/.test(part)) ? parts : undefined;
}
