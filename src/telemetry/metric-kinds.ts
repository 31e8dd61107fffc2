import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Makes metrics of one registry: the rest of the name, help, then the names of the labels. */
export function metricKinds(register: Registry, prefix: string) {
  const common = (name: string, help: string) => ({ name: prefix + name, help, registers: [register] });
  return {
    counter: <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
      new Counter({ ...common(name, help), labelNames }),
    gauge: <L extends string = never>(name: string, help: string, ...labelNames: L[]) => new Gauge({ ...common(name, help), labelNames }),
    histogram: <L extends string = never>(buckets: number[], name: string, help: string, ...labelNames: L[]) =>
      new Histogram({ ...common(name, help), labelNames, buckets }),
  };
}
