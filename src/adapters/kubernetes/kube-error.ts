/** `status`: the server said no; `deadline`, `network`: no answer; `protocol`: an answer that is no Kubernetes API's. */
type KubeErrorKind = "status" | "deadline" | "network" | "protocol";

/** Why the API server could not be asked, in words for a log line. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly kind: KubeErrorKind;
  /** HTTP status, or the code of an ERROR event. */
  readonly status: number | undefined;

  constructor(kind: KubeErrorKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
  }

  static ofAnswer(status: number, text: string): KubeError {
    return new KubeError("status", `HTTP ${status}: ${statusMessage(text)}`, { status });
  }
}

const messageLimit = 300;

/** The message of a metav1.Status, or the beginning of whatever else was answered. */
export function statusMessage(text: string): string {
  let message: unknown;
  try {
    message = JSON.parse(text)?.message;
  } catch {
    message = text;
  }
  return (typeof message === "string" && message !== "" ? message : "no reason given").slice(0, messageLimit);
}

/** The reason of the caller's signal stays as it is; what undici and Node throw becomes `network`. */
export function kubeErrorOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof KubeError) return error;
  const { message, code } = error as { message?: string; code?: string };
  return new KubeError("network", message || code || String(error), { cause: error });
}
