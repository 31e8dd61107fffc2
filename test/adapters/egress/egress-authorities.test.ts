import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispatcher } from "undici";
import { startListener } from "../../../sandbox/cluster-api/listener.ts";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { leastCpuMs } from "../../growth.ts";

/** What a connection costs that ends with its authority unknown is nearly what one costs that is trusted; parsing 150 authorities is ten times that. */
const MOST_TIMES = 4;

// S32, S33
test("a connection to a host with authorities of its own costs as much as any, however often the host hangs up", async (t) => {
  const { url, caPem, close } = await startListener("https", 0, (_request, response) => {
    response.setHeader("connection", "close");
    response.end("ok");
  });
  t.after(close);
  const ask = async (dispatcher: Dispatcher): Promise<string> => {
    const { body } = await dispatcher.request({ origin: url, path: "/", method: "GET" });
    return body.text();
  };
  const open = (ca?: string) => {
    const dispatcher = createEgress({ allowCidrs: ["127.0.0.1"], caPem: ca });
    t.after(() => dispatcher.destroy());
    return dispatcher;
  };
  const [own, untrusted] = [open(caPem), open()];
  assert.equal(await ask(own), "ok");
  await assert.rejects(ask(untrusted));
  const ownMs = await leastCpuMs(() => ask(own));
  const anyMs = await leastCpuMs(() => ask(untrusted).catch(() => undefined));
  assert.ok(ownMs < MOST_TIMES * anyMs, `${ownMs} ms, and ${anyMs} ms`);
});
