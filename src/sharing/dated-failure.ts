import { type ErrorCode, ReconcileError } from "../errors.ts";

/** A failure that may answer several questions: every one that was asked before the try began. */
export class DatedFailure extends ReconcileError {
  /** When the try began, in `performance.now()` milliseconds. */
  readonly startedAt: number;

  constructor(code: ErrorCode, message: string, startedAt: number, options?: { cause?: unknown }) {
    super(code, message, options);
    this.startedAt = startedAt;
  }
}
