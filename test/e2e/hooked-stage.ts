/** A stage whose operator listens for events, and senders as forges are. */
import { createHmac } from "node:crypto";
import type { TestContext } from "node:test";
import { freePort } from "../../sandbox/free-port.ts";
import { type Stage, startStage } from "./stage.ts";

export const HOOK_SECRET = "hook-secret-of-the-sandbox-0123";

type StageOptions = NonNullable<Parameters<typeof startStage>[1]>;

interface HookedStage {
  readonly stage: Stage;
  readonly hookUrl: string;
  /** Sends an event that is signed as GitHub does, by default by the Secret `gitops-operator/hook`. */
  send(event: string, body: object, options?: { readonly path?: string; readonly secret?: string }): Promise<Response>;
}

export async function startHookedStage(t: TestContext, options: StageOptions = {}): Promise<HookedStage> {
  const port = await freePort();
  const stage = await startStage(t, { ...options, env: { HOOK_PORT: String(port), ...options.env } });
  stage.secret("gitops-operator", "hook", { "hook-secret": HOOK_SECRET });
  const hookUrl = `http://127.0.0.1:${port}`;
  return {
    stage,
    hookUrl,
    send(event, body, { path = "/hook/gitops-operator/hook", secret = HOOK_SECRET } = {}) {
      const text = JSON.stringify({ ...body, at: performance.now() });
      const signature = `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
      return fetch(hookUrl + path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-github-event": event, "x-hub-signature-256": signature },
        body: text,
      });
    },
  };
}
