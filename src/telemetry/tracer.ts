/** The core's Tracer on OpenTelemetry's API: nothing is kept until an SDK has been started. */
import {
  type AttributeValue,
  context,
  type Attributes as KeptAttributes,
  type Span as KeptSpan,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Attributes, Span, SpanOptions, Tracer } from "../core/tracer.ts";
import { asReconcileError } from "../errors.ts";
import type { Redactor, SecretScope } from "./redact.ts";

interface OurSpan extends Span {
  readonly kept: KeptSpan;
  /** The secrets of the run that it was asked for in. */
  readonly secrets: SecretScope;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT };

/** Every text goes through `redact` on its way in, while the secrets of its run are still known by value. */
export function createTracer({ redact, current, together }: Pick<Redactor, "redact" | "current" | "together">): Tracer {
  /** Asked for each time: the image's SDK is a part with an API of its own, which the first API finds only once it has been started. */
  const tracer = () => trace.getTracer("gitops-operator");

  function clean(attributes: Attributes): KeptAttributes {
    const cleaned: Record<string, AttributeValue> = {};
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined) continue;
      cleaned[name] = typeof value === "string" ? redact(value) : typeof value === "object" ? value.map(redact) : value;
    }
    return cleaned;
  }

  function ours(kept: KeptSpan): OurSpan {
    return {
      kept,
      secrets: current(),
      set(attributes) {
        // Redaction costs, and nobody reads what is not kept.
        if (kept.isRecording()) kept.setAttributes(clean(attributes));
      },
      fail({ code, message }) {
        if (!kept.isRecording()) return;
        const text = redact(message);
        kept.setAttribute("error.type", code);
        kept.setStatus({ code: SpanStatusCode.ERROR, message: text });
        // Without a stack: it repeats the message of each cause, which nobody has looked at.
        kept.recordException({ name: code, message: text });
      },
    };
  }

  function contextOf({ incoming, parent }: SpanOptions) {
    if (incoming) return propagation.extract(ROOT_CONTEXT, incoming);
    return parent ? trace.setSpan(context.active(), (parent as OurSpan).kept) : context.active();
  }

  async function begin<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>, options: SpanOptions): Promise<T> {
    const above = contextOf(options);
    const kind = options.kind ? KINDS[options.kind] : SpanKind.INTERNAL;
    const links = (options.links ?? []).flatMap((other) => (other ? [{ context: (other as OurSpan).kept.spanContext() }] : []));
    const kept = tracer().startSpan(name, { kind, links }, above);
    const span = ours(kept);
    span.set(attributes);
    try {
      return await context.with(trace.setSpan(above, kept), work, undefined, span);
    } catch (error) {
      span.fail(asReconcileError(error));
      throw error;
    } finally {
      kept.end();
    }
  }

  return {
    span(name, attributes, work, options = {}) {
      const others = [options.parent, ...(options.links ?? [])].flatMap((other) => (other ? [(other as OurSpan).secrets] : []));
      const start = () => begin(name, attributes, work, options);
      // Whoever comes last starts what is done for several runs: its own secrets say nothing of theirs.
      return others.length > 0 ? together(others, start) : start();
    },
    active() {
      const kept = trace.getActiveSpan();
      return kept && ours(kept);
    },
    link(other) {
      const active = trace.getActiveSpan();
      const linked = (other as OurSpan | undefined)?.kept.spanContext();
      if (active && linked && active.spanContext().traceId !== linked.traceId) active.addLink({ context: linked });
    },
  };
}

/** For log lines: which trace and step they belong to. */
export function activeIds(): { trace_id?: string; span_id?: string } {
  const active = trace.getActiveSpan()?.spanContext();
  return active ? { trace_id: active.traceId, span_id: active.spanId } : {};
}
