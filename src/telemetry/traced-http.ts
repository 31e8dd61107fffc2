/**
 * Each HTTP exchange with the registry, GitHub, a chat or a git host as a step. Of the URL only host and scheme: paths of webhooks are secrets.
 * No trace header goes out: they are other people's hosts, which have no use for it and could join what different tenants do.
 */
import type { Dispatcher } from "undici";
import type { Span, Tracer } from "../core/tracer.ts";

export function traceHttp(tracer: Tracer): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { hostname, port, protocol } = new URL(String(options.origin));
    const attributes = {
      "http.request.method": options.method,
      "server.address": hostname,
      "server.port": port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
      "url.scheme": protocol.slice(0, -1),
    };
    let dispatched: () => boolean = () => true;
    const exchange = (span: Span) =>
      new Promise<void>((end) => {
        try {
          const isReady = dispatch(options, watched(handler, span, end));
          dispatched = () => isReady;
        } catch (error) {
          dispatched = () => {
            throw error;
          };
          end();
        }
      });
    void tracer.span(options.method, attributes, exchange, { kind: "client" });
    return dispatched();
  };
}

function watched(handler: Dispatcher.DispatchHandler, span: Span, end: () => void): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStart(controller, status, headers, text) {
      // 401, 403 and 404 are answers that we ask for.
      span.set({ "http.response.status_code": status });
      if (status >= 500) span.fail({ code: String(status), message: `HTTP ${status}` });
      handler.onResponseStart?.(controller, status, headers, text);
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd(controller, trailers) {
      handler.onResponseEnd?.(controller, trailers);
      end();
    },
    onResponseError(controller, error) {
      span.fail({ code: (error as NodeJS.ErrnoException).code ?? error.name, message: error.message });
      handler.onResponseError?.(controller, error);
      end();
    },
  };
}
