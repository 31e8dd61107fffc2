import assert from "node:assert/strict";
import { test } from "node:test";
import { ReconcileError } from "../../src/errors.ts";
import { createRedactor } from "../../src/telemetry/redact.ts";
import { activeIds } from "../../src/telemetry/tracer.ts";
import { createTracing } from "../../src/telemetry/tracing.ts";
import { startOtlpReceiver } from "./otlp-receiver.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The SDK is one for the process: the tests of this file share it by being one. */
// S11
test("texts are redacted on their way in, rejections are recorded and passed on, steps nest, other runs are linked", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const redactor = createRedactor();
  const env = process.env;
  env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
  const tracing = createTracing({ env, log, redactor });
  const { tracer } = tracing;
  assert.deepEqual(activeIds(), {});
  assert.equal(await tracer.span("early", {}, async () => "before the SDK is there"), "before the SDK is there");
  await tracing.start();

  const live = "a secret that has no shape of its own";
  const shaped = "ghp_canary0123456789canary0123456789ab";
  redactor.watch(live);
  const failure = new ReconcileError("git_denied", `refused: ${live} ${shaped}`, { cause: new Error(live) });
  let ids = {};
  await tracer.span("outer", { text: live, list: [shaped, "plain"], count: 3, absent: undefined }, async (outer) => {
    ids = activeIds();
    const failing = tracer.span("inner", {}, () => Promise.reject(failure), { kind: "client" });
    await assert.rejects(failing, (error) => error === failure);
    await tracer.span("elsewhere", {}, async () => tracer.link(outer), { incoming: {} });
    // Within one trace there is nothing to link.
    await tracer.span("below", {}, async () => tracer.link(outer));
    const far = await tracer.span("far", {}, async (span) => span, { incoming: {} });
    await tracer.span("done for two", {}, async () => undefined, { parent: outer, links: [far, undefined] });
  });
  // Each run has a secret of its own; what is done for the first two is started by the third.
  const ofRun = <T>(secret: string, work: () => Promise<T>) =>
    redactor.scope(async () => {
      redactor.watch(secret);
      return tracer.span("run", {}, work, { incoming: {} });
    });
  const [parent, link] = await Promise.all(["password-one", "password-two"].map((secret) => ofRun(secret, async () => tracer.active())));
  await ofRun("an ordinary phrase", () =>
    tracer
      .span("done for others", {}, () => Promise.reject(new Error("an ordinary phrase, password-one, password-two")), {
        parent,
        links: [link],
      })
      .catch(() => undefined),
  );
  await tracing.close(5_000);

  const { spans } = receiver;
  const named = (name: string) => spans.find((span) => span.name === name) ?? assert.fail(name);
  const outer = named("outer");
  assert.equal(JSON.stringify(spans).includes(live), false);
  assert.equal(JSON.stringify(spans).includes(shaped), false);
  assert.equal((outer.attributes.list as string[])[1], "plain");
  assert.equal(outer.attributes.count, 3);
  assert.equal("absent" in outer.attributes, false);
  assert.deepEqual(ids, { trace_id: outer.traceId, span_id: outer.spanId });
  const inner = named("inner");
  assert.deepEqual([inner.parentId, inner.kind, inner.status, inner.attributes["error.type"]], [outer.spanId, 3, 2, "git_denied"]);
  assert.match(inner.statusText, /^refused: \[redacted/);
  const [event] = inner.events;
  assert.deepEqual([event?.name, event?.attributes["exception.type"]], ["exception", "git_denied"]);
  const elsewhere = named("elsewhere");
  assert.notEqual(elsewhere.traceId, outer.traceId);
  assert.deepEqual(elsewhere.links, [`${outer.traceId}/${outer.spanId}`]);
  assert.deepEqual(named("below").links, []);
  const shared = named("done for two");
  assert.deepEqual([shared.parentId, shared.links], [outer.spanId, [`${named("far").traceId}/${named("far").spanId}`]]);
  assert.equal(named("done for others").statusText, "an ordinary phrase, [redacted: secret], [redacted: secret]");
  assert.equal(
    spans.some(({ name }) => name === "early"),
    false,
  );
});
