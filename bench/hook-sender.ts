/** A forge or registry that tells of what happened, and those who pretend to be one. */
import { createHmac } from "node:crypto";
import { Agent, type OutgoingHttpHeaders, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const SECRET = "hook-secret-of-the-bench-0123456789";
const PACE_MS = 10;

export interface HookSender {
  /** Fields of the Secret. */
  readonly secret: Readonly<Record<string, string>>;
  /** An event that is proved; its answer's status. */
  send(body: object): Promise<number>;
  /** So many a second, each by another sender behind the Ingress, none proved. How many had which status. */
  forge(perSecond: number, seconds: number): Promise<ReadonlyMap<number, number>>;
  close(): void;
}

export function createHookSender(url: string): HookSender {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  function post(body: string, headers: OutgoingHttpHeaders): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const all = { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers };
    const posted = request(url, { method: "POST", agent, headers: all }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    posted.once("error", reject).end(body);
    return promise;
  }

  return {
    secret: { "hook-secret": SECRET },
    send(body) {
      const text = JSON.stringify({ ...body, at: performance.now() });
      return post(text, { "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(text).digest("hex")}` });
    },
    async forge(perSecond, seconds) {
      // As long as a forge's own event of one commit.
      const body = JSON.stringify({ ref: "refs/heads/master", filler: "x".repeat(8_192) });
      const signature = `sha256=${"0".repeat(64)}`;
      const startedAt = performance.now();
      const answers: Promise<number>[] = [];
      while (performance.now() - startedAt < seconds * 1_000) {
        const due = Math.ceil(((performance.now() - startedAt) / 1_000) * perSecond);
        while (answers.length < due) {
          const address = `10.${answers.length >> 16}.${(answers.length >> 8) & 255}.${answers.length & 255}`;
          answers.push(post(body, { "x-hub-signature-256": signature, "x-forwarded-for": address }));
        }
        await sleep(PACE_MS);
      }
      const statuses = Map.groupBy(await Promise.all(answers), (status) => status);
      return new Map([...statuses].map(([status, all]) => [status, all.length]));
    },
    close: () => agent.destroy(),
  };
}
