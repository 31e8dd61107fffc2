/** Which repositories may be used at all, and with which Secret (docs/ASSURANCE.md, S2): globs on `host/owner/repo`, or `user@host/owner/repo`. */
import { ReconcileError } from "../../errors.ts";
import { matchesAsterisks } from "../../text/matches-asterisks.ts";
import type { SecretField } from "../cluster-ports.ts";
import { repositoryName } from "../repository.ts";
import type { Repository, SecretRef, Target } from "../types.ts";

/** On a Secret with an SSH key, a registry's login or a token for builds. */
export const allowedRepositoriesAnnotation = "gitops.operator.allowed_repositories";

interface Glob {
  /** Who logs in over SSH; undefined: anyone. On plain sshd a path that is not absolute begins at that user's home. */
  readonly user: string | undefined;
  readonly segments: readonly string[];
  /** Ends in `**`. */
  readonly isBelow: boolean;
}

export type AllowedRepositories = readonly Glob[];

type ParsedAllowedRepositories =
  | { readonly kind: "ok"; readonly allowed: AllowedRepositories }
  | { readonly kind: "error"; readonly problem: string };

const form =
  "write host/owner/repo or user@host/owner/repo, without scheme; * stands for anything within one part, ** at the end for everything below";
const hostGlob = /^(?:[a-z0-9._*-]+|\[[0-9a-f:.*]+\])(?::(?:\d{1,5}|\*))?$/;
/** What repository paths may be made of, without space and comma. */
const segmentGlob = /^[\p{L}\p{M}\p{N}._~+\-%=:()*]+$/u;

/** One item that is no glob spoils the list: a typo must not open or close something else. A problem never repeats the text. */
export function parseAllowedRepositories(text: string): ParsedAllowedRepositories {
  const items = text.split(/[\s,]+/).filter(Boolean);
  if (items.length === 0) return { kind: "error", problem: `is empty, which allows nothing; remove it, or ${form}` };
  const allowed: Glob[] = [];
  for (const [index, item] of items.entries()) {
    const glob = parseGlob(item);
    if (!glob)
      return { kind: "error", problem: `has an item that names no repositories (number ${index + 1}), so nothing is allowed; ${form}` };
    allowed.push(glob);
  }
  return { kind: "ok", allowed };
}

export function isAllowed(allowed: AllowedRepositories, repository: Repository): boolean {
  const segments = repositoryName(repository).split("/");
  const user = repository.transport === "ssh" ? repository.user : undefined;
  return !segments.includes("") && allowed.some((glob) => (glob.user ?? user) === user && matches(glob, segments));
}

/** The operator's own list, before anything is connected to or read. */
export function requireAllowed(
  allowed: AllowedRepositories | undefined,
  target: Pick<Target, "appRepository" | "manifestRepository">,
): void {
  if (!allowed) return;
  for (const [annotation, repository] of [
    ["app_repository", target.appRepository],
    ["manifest_repository", target.manifestRepository],
  ] as const) {
    if (isAllowed(allowed, repository)) continue;
    throw new ReconcileError(
      "repository_denied",
      `Repository ${repositoryName(repository)} is not allowed: correct gitops.operator.${annotation}, or let an administrator add it to ALLOWED_REPOSITORIES`,
    );
  }
}

/** The text of a login for the image or its build, unless its Secret is bound to other repositories than the Deployment's. */
export async function readLogin(
  read: (ref: SecretRef, field: string) => Promise<SecretField>,
  { appRepository, manifestRepository }: Pick<Target, "appRepository" | "manifestRepository">,
  ref: SecretRef,
  field: string,
): Promise<string> {
  const { text, allowedRepositories } = await read(ref, field);
  requireBound(ref, allowedRepositories, [appRepository, manifestRepository]);
  return text;
}

/** What a Secret says of the repositories that it is for, before anything is asked with it. Undefined: any. */
export function requireBound(ref: SecretRef, annotation: string | undefined, repositories: readonly Repository[]): void {
  if (annotation === undefined) return;
  const secret = `Secret ${ref.namespace}/${ref.name}`;
  const parsed = parseAllowedRepositories(annotation);
  if (parsed.kind === "error") {
    throw new ReconcileError("repository_denied", `${secret}: its annotation ${allowedRepositoriesAnnotation} ${parsed.problem}`);
  }
  const denied = repositories.find((repository) => !isAllowed(parsed.allowed, repository));
  if (!denied) return;
  throw new ReconcileError(
    "repository_denied",
    `${secret} is not for ${repositoryName(denied)}: use another Secret, or let the Secret's owner add it to the Secret's annotation ${allowedRepositoriesAnnotation}`,
  );
}

function parseGlob(item: string): Glob | undefined {
  const [, user, rest = item] = /^([a-z0-9_][a-z0-9_.+-]{0,63})@(.*)$/i.exec(item) ?? [];
  const segments = rest.replace(/\/?\.git$/, "").split("/");
  const isBelow = segments.at(-1) === "**";
  if (isBelow) segments.pop();
  const [host, ...path] = segments;
  if (!isBelow && path.length === 0) return undefined;
  if (host !== undefined && (!hostGlob.test(host.toLowerCase()) || host.includes("**"))) return undefined;
  if (path.some((segment) => !segmentGlob.test(segment) || segment.includes("**") || segment === "." || segment === "..")) return undefined;
  const lowered = host === undefined ? [] : [host.toLowerCase()];
  return { user, segments: [...lowered, ...path], isBelow };
}

function matches({ segments, isBelow }: Glob, name: readonly string[]): boolean {
  if (isBelow ? name.length <= segments.length : name.length !== segments.length) return false;
  return segments.every((segment, index) => matchesAsterisks(segment, name[index] ?? ""));
}
