import type { Span, Tracer } from "../../src/core/tracer.ts";

/** Keeps each text as the real one does: through `redact`, when it is told. */
export function collectingTracer(redact: (text: string) => string, kept: string[]): Tracer {
  const keep = (value: unknown) => void kept.push(redact(JSON.stringify(value)));
  const span: Span = { set: keep, fail: keep };
  return {
    async span(_name, attributes, work) {
      keep(attributes);
      try {
        return await work(span);
      } catch (error) {
        keep((error as Error).message);
        throw error;
      }
    },
    active: () => span,
    link: () => undefined,
  };
}
