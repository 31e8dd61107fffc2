import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { signedHeaders } from "../../../src/adapters/chat/standard-webhooks.ts";

test("the specification's example comes to its signature", () => {
  // Of the reference libraries' own tests.
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const sent = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: new Date(1_614_265_330_000), body: '{"test": 2432232314}' };
  assert.deepEqual(signedHeaders(sent, `${secret}\n`), {
    "webhook-id": sent.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("a secret of another form is its own bytes", () => {
  const sent = { id: "1", at: new Date(0), body: "{}" };
  const expected = createHmac("sha256", "plain words").update("1.0.{}").digest("base64");
  assert.equal(signedHeaders(sent, "plain words")["webhook-signature"], `v1,${expected}`);
});
