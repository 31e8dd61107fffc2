/** An answer that comes in pieces of a byte each costs a hundred times as much of the event loop as the same in pieces of ordinary size. */
import type { Dispatcher } from "undici";
import { AnswerInCrumbs } from "./network-error.ts";

/** So many may be of any size: what a server writes line by line, or a network cuts up. */
const FREE_PIECES = 10_000;
/** On average, of all pieces. A line of a listing has 50 bytes at least. */
const LEAST_BYTES = 16;

export const refuseCrumbs: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, counted(handler));

function counted(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  let pieces = 0;
  let bytes = 0;
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStart: (controller, status, headers, text) => handler.onResponseStart?.(controller, status, headers, text),
    onResponseData(controller, chunk) {
      pieces += 1;
      bytes += chunk.length;
      if (pieces > FREE_PIECES && bytes < LEAST_BYTES * pieces) controller.abort(new AnswerInCrumbs());
      else handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
}
