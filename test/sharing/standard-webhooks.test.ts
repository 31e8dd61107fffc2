import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { signedHeaders } from "../../src/sharing/standard-webhooks.ts";

test("the specification's example comes to its signature", () => {
  // Of the reference libraries' own tests.
  const sent = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330", body: '{"test": 2432232314}' };
  assert.deepEqual(signedHeaders(sent, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]), {
    "webhook-id": sent.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("each of several secrets signs; one of another form is its own bytes, and a key that is too short signs nothing", () => {
  const sent = { id: "1", timestamp: "0", body: "{}" };
  const of = (key: string | Buffer) => `v1,${createHmac("sha256", key).update("1.0.{}").digest("base64")}`;
  const long = Buffer.alloc(24, 1);
  const secrets = ["plain words of old", `whsec_${long.toString("base64")}`, "whsec_c2hvcnQ="];
  assert.equal(signedHeaders(sent, secrets)?.["webhook-signature"], `${of("plain words of old")} ${of(long)}`);
  assert.equal(signedHeaders(sent, ["whsec_c2hvcnQ="]), undefined);
  assert.equal(signedHeaders(sent, []), undefined);
});
