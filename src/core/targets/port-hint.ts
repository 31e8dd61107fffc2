import { asReconcileError, type ErrorCode, ReconcileError } from "../../errors.ts";
import { formatRepository } from "../repository.ts";
import type { Repository } from "../types.ts";

/** What a host says, or does not, when the wrong port or path is asked. */
const WRONG_PLACE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["git_denied", "git_host_key", "git_repository_missing", "git_unreachable"]);

/**
 * To git `user@host:2222/app` is the path `2222/app`, and it may be one; most who write it mean a port. To be put after what names the
 * repository.
 */
export function portHint(repository: Repository): string | undefined {
  if (repository.transport !== "ssh" || repository.port !== 22) return undefined;
  const [, digits = "", path = ""] = /^([1-9]\d{1,4})\/(.+)$/.exec(repository.path) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  const meant = formatRepository({ ...repository, port, path: `/${path}` });
  return `has a path that begins with '${digits}'; a port belongs into ssh://, so if it is one, write ${meant}`;
}

/** A failure to reach the repository tells the hint. */
export async function withPortHint<T>(repository: Repository, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message } = asReconcileError(cause);
    const hint = WRONG_PLACE.has(code) ? portHint(repository) : undefined;
    if (hint === undefined) throw cause;
    throw new ReconcileError(code, `${message}; ${formatRepository(repository)} ${hint}`, { cause });
  }
}
