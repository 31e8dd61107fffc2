import { Dispatcher } from "undici";

interface Sent {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}
export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Every host of the world in memory, https included: what is sent where. */
export class HostsInMemory extends Dispatcher {
  readonly sent: Sent[] = [];
  readonly answer: (sent: Sent) => Answer;

  constructor(answer: (sent: Sent) => Answer) {
    super();
    this.answer = answer;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { authorization } = options.headers as Record<string, string | undefined>;
    const sent = { origin: String(options.origin), method: options.method, path: options.path, authorization };
    this.sent.push(sent);
    const { status, headers = {}, body = "" } = this.answer(sent);
    const controller = { abort() {}, pause() {}, resume() {}, aborted: false, paused: false, reason: null };
    handler.onRequestStart?.(controller, {});
    handler.onResponseStart?.(controller, status, headers);
    if (options.method !== "HEAD") handler.onResponseData?.(controller, Buffer.from(body));
    handler.onResponseEnd?.(controller, {});
    return true;
  }
}
