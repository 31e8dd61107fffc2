import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const module = new URL("../../sandbox/reset-socket.ts", import.meta.url).href;

/** A process of its own: one in which a socket was lost never comes to its end. */
async function resetAfter(what: string): Promise<string> {
  const script = `
    import { connect, createServer } from "node:net";
    import { resetSocket } from ${JSON.stringify(module)};
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", (error) => console.log(error.code));
      socket.on("close", () => console.log("closed"));
      ${what}
      resetSocket(socket);
    }).listen(0, "127.0.0.1", () => {
      const client = connect(server.address().port, "127.0.0.1");
      client.on("error", (error) => console.log("client: " + error.code));
      client.on("close", () => server.close());
    });`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 10_000 });
  return stdout;
}

test("a connection is reset; one whose end is under way is closed, and its process comes to an end", async () => {
  assert.match(await resetAfter(""), /client: ECONNRESET/);
  assert.equal(await resetAfter("socket.end();"), "closed\n");
});
