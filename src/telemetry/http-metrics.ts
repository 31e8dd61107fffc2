/** Requests to the operator's own server, by its known routes. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Returns what is to be called when a request comes; what that returns, when it is over. */
export function createHttpMetrics(register: Registry) {
  const registers = [register];
  const requests = new Counter({
    ...{ name: "http_server_requests_total", help: "Requests by method, route and status; 499: the caller hung up." },
    ...{ labelNames: ["method", "route", "status"] as const, registers },
  });
  const pending = new Gauge({
    ...{ name: "http_server_requests_pending", help: "Requests that are not answered yet." },
    ...{ labelNames: ["method", "route"] as const, registers },
  });
  const seconds = new Histogram({
    ...{ name: "http_server_request_duration_seconds", help: "Time from a request to the end of its answer." },
    ...{ labelNames: ["method", "route", "status"] as const, registers },
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  });

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
