/** Requests to the operator's own server, by its known routes. */
import type { Registry } from "prom-client";
import { metricKinds } from "./metric-kinds.ts";

const BY_STATUS = ["method", "route", "status"] as const;
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Returns what is to be called when a request comes; what that returns, when it is over. */
export function createHttpMetrics(register: Registry) {
  const { counter, gauge, histogram } = metricKinds(register, "http_server_");
  const requests = counter("requests_total", "Requests by method, route and status; 499: the caller hung up.", ...BY_STATUS);
  const pending = gauge("requests_pending", "Requests that are not answered yet.", "method", "route");
  const seconds = histogram(SECONDS, "request_duration_seconds", "Time from a request to the end of its answer.", ...BY_STATUS);

  return (method: string, route: string) => {
    const startedAt = performance.now();
    pending.inc({ method, route });
    return (status: number) => {
      pending.dec({ method, route });
      requests.inc({ method, route, status });
      seconds.observe({ method, route, status }, (performance.now() - startedAt) / 1_000);
    };
  };
}
