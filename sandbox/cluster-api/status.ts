/** The answers that are no objects: metav1.Status, as real servers word them. */
interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: object;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code: number;
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Expired",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

export function statusOf(code: number, message: string, reason = reasons[code] ?? "Unknown", details?: object): Status {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, ...(details && { details }), code };
}

/** A refusal on the way through a handler. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: Status;

  constructor(code: number, message: string, reason?: string, details?: object) {
    super(message);
    this.status = statusOf(code, message, reason, details);
  }
}
