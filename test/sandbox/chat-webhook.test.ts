import assert from "node:assert/strict";
import { test } from "node:test";
import { startChatWebhook } from "../../sandbox/chat-webhook.ts";

test("who waits for messages that never come is told how many came", async (t) => {
  const chat = await startChatWebhook();
  t.after(() => chat.close());
  const post = () => fetch(chat.url(), { method: "POST", body: JSON.stringify({ text: "hello" }) });
  await post();
  await assert.rejects(chat.received(2, 50), /^Error: the chat got 1 of 2 messages within 0\.05 s;/);
  const inTime = chat.received(2, 10_000);
  await post();
  assert.equal((await inTime).length, 2);
});
