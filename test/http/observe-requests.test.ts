import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import express from "express";
import { observeRequests } from "../../src/http/observe-requests.ts";

test("a caller that hangs up ends as 499, an answer with its status", async (t) => {
  const told: string[] = [];
  const asked = Promise.withResolvers<void>();
  const gaveUp = Promise.withResolvers<void>();
  const app = express();
  app.use(
    observeRequests(
      (method, route) => {
        told.push(`${method} ${route}`);
        return (status) => {
          told.push(`${method} ${route} ${status}`);
          if (status === 499) gaveUp.resolve();
        };
      },
      [{ paths: ["/slow"] }, { paths: ["/fast", "/status"], below: "/status/", endless: "/status/events" }],
    ),
  );
  app.get("/slow", () => asked.resolve());
  app.get("/fast", (_request, response) => void response.status(418).end());
  const server = app.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const caller = new AbortController();
  const call = fetch(`${url}/slow`, { signal: caller.signal });
  await asked.promise;
  caller.abort();
  await assert.rejects(call);
  await gaveUp.promise;
  assert.equal((await fetch(`${url}/fast`, { headers: { connection: "close" } })).status, 418);
  assert.equal((await fetch(`${url}/status/team/${"x".repeat(40)}`, { headers: { connection: "close" } })).status, 404);
  await (await fetch(`${url}/status/events`, { headers: { connection: "close" } })).text();
  assert.deepEqual(told.splice(-2), ["GET /status/*", "GET /status/* 404"]);
  assert.deepEqual(told, ["GET /slow", "GET /slow 499", "GET /fast", "GET /fast 418"]);
});
