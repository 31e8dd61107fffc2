/** An OTLP collector for one test: a real gRPC server that keeps what it gets. */
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentId: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly links: readonly string[];
  /** 2: error. */
  readonly status: number;
  readonly statusText: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly exports: number;
  /** Waits until the spans satisfy it. */
  until(isThere: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]>;
}

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue | null;
}
interface AnyValue {
  readonly value: string;
  readonly array_value?: { readonly values: readonly AnyValue[] };
  readonly [field: string]: unknown;
}
interface WireSpan {
  readonly name: string;
  readonly kind: number;
  readonly trace_id: Buffer;
  readonly span_id: Buffer;
  readonly parent_span_id: Buffer;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly KeyValue[] }[];
  readonly links: readonly { readonly trace_id: Buffer; readonly span_id: Buffer }[];
  readonly status: { readonly code: number; readonly message: string } | null;
}
interface WireRequest {
  readonly resource_spans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scope_spans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

const PROTO = fileURLToPath(new URL("otlp-trace.proto", import.meta.url));
const WAIT_MS = 60_000;

/** `hangs`: takes calls and never answers. */
export async function startOtlpReceiver(t: { after(close: () => void): void }, { hangs = false } = {}): Promise<OtlpReceiver> {
  const definition = loadSync(PROTO, { keepCase: true, longs: Number, defaults: true, oneofs: true });
  const service = loadPackageDefinition(definition) as unknown as {
    opentelemetry: { proto: { collector: { trace: { v1: { TraceService: ServiceClientConstructor } } } } };
  };
  const spans: ReceivedSpan[] = [];
  let exports = 0;
  const server = new Server();
  server.addService(service.opentelemetry.proto.collector.trace.v1.TraceService.service, {
    Export({ request }: { request: WireRequest }, answer: (error: null, response: object) => void) {
      exports += 1;
      spans.push(...spansOf(request));
      if (!hangs) answer(null, {});
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  t.after(() => server.forceShutdown());

  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    get exports() {
      return exports;
    },
    async until(isThere) {
      for (const startedAt = performance.now(); !isThere(spans); ) {
        if (performance.now() - startedAt > WAIT_MS)
          throw new Error(`not received: ${spans.map(({ name }) => name).join(", ") || "nothing"}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return spans;
    },
  };
}

function spansOf({ resource_spans }: WireRequest): ReceivedSpan[] {
  return resource_spans.flatMap(({ resource, scope_spans }) =>
    scope_spans.flatMap((scope) =>
      scope.spans.map((span) => ({
        name: span.name,
        traceId: span.trace_id.toString("hex"),
        spanId: span.span_id.toString("hex"),
        parentId: span.parent_span_id.toString("hex"),
        kind: span.kind,
        attributes: record(span.attributes),
        events: span.events.map((event) => ({ name: event.name, attributes: record(event.attributes) })),
        links: span.links.map((link) => `${link.trace_id.toString("hex")}/${link.span_id.toString("hex")}`),
        status: span.status?.code ?? 0,
        statusText: span.status?.message ?? "",
        resource: record(resource.attributes),
      })),
    ),
  );
}

function record(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value && plain(value)]));
}

function plain(value: AnyValue): unknown {
  return value.array_value ? value.array_value.values.map(plain) : value[value.value];
}
