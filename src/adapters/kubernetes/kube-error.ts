import { parseJson } from "../../text/parse-json.ts";
import { serverWords } from "../../text/server-words.ts";
import { mapOf } from "./map-of.ts";

/**
 * `status`: the server said no; `deadline`, `network`: no answer; `protocol`: an answer that is no Kubernetes API's; `too_large`: more of it than
 * may be held; `credentials`: ours can't be had; `unusable`: what was found is nothing that could be watched.
 */
type KubeErrorKind = "status" | "deadline" | "network" | "protocol" | "too_large" | "credentials" | "unusable" | "internal";

export interface KubeAnswer {
  readonly status: number;
  readonly text: string;
  /** Of a 401 or 403: no credentials have reached the server. */
  readonly isAnonymous: boolean;
  /** A 403 that may only mean that the API server starts: it is believed when the same is refused again after `doubtMs` of the client. */
  readonly isDoubtful: boolean;
}

/** Why the API server could not be asked, in words for a log line. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly kind: KubeErrorKind;
  /** HTTP status, or the code of an ERROR event. */
  readonly status: number | undefined;
  readonly isAnonymous: boolean;
  readonly isDoubtful: boolean;

  constructor(kind: KubeErrorKind, message: string, about: Partial<Omit<KubeAnswer, "text">> & { cause?: unknown } = {}) {
    super(message, about);
    this.kind = kind;
    this.status = about.status;
    this.isAnonymous = about.isAnonymous ?? false;
    this.isDoubtful = about.isDoubtful ?? false;
  }

  static ofAnswer({ status, text, isAnonymous, isDoubtful }: KubeAnswer): KubeError {
    return new KubeError("status", `HTTP ${status}: ${statusMessage(text)}`, { status, isAnonymous, isDoubtful });
  }
}

/** The message of a metav1.Status, or the beginning of whatever else was answered. */
export function statusMessage(text: string): string {
  const status = parseJson(text);
  const message = status === undefined ? text : mapOf(status).message;
  return (typeof message === "string" && serverWords(message)) || "no reason given";
}

/** `right`: what RBAC may lack, in its words. Undefined where the refusal is no matter of who asks. */
export function accessRemedy({ status, isAnonymous }: Pick<KubeError, "status" | "isAnonymous">, right: string): string | undefined {
  if (status !== 401 && status !== 403) return undefined;
  if (isAnonymous)
    return "no credentials reached the API server: give the kubeconfig's user a token, tokenFile, client certificate or exec plugin, and let no proxy in between take them away; in a Pod mount the service account's token";
  return status === 403 ? `grant the operator's service account ${right}` : "check the operator's token or client certificate";
}

/** The reason of the caller's signal stays as it is; what undici and Node throw becomes `network`. */
export function kubeErrorOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof KubeError) return error;
  const { message, code } = error as { message?: string; code?: string };
  return new KubeError("network", message || code || String(error), { cause: error });
}
