/** What all acts of the story play with, and how they tell it. */
import { createHmac } from "node:crypto";
import type { ReconcileEntry } from "../../src/http/calls/reconcile-entry.ts";
import type { BareRepository } from "../bare-repository.ts";
import type { World } from "../world.ts";

/** What is waited for follows within milliseconds, or a second or two; more is a fault. */
export const LONG_MS = 60_000;
/** That the chat is told until the build of the third act runs, and in all. */
export const CHAT_MESSAGES = { untilThirdBuild: 6, ofAll: 7 };
export const POLL_MS = 5;
export const APP = "team/shop";
export const MANIFEST = "shop/deployment.yaml";
export const HOOK_SECRET = "hook-secret-of-the-sandbox-0123";

export interface Scene {
  readonly world: World;
  readonly app: BareRepository;
  readonly manifests: BareRepository;
  /** The operator's. */
  readonly url: string;
  readonly hookUrl: string;
  /** Gives the Deployment in the cluster that tag. */
  readonly deploy: (tag: string) => void;
}

export function say(title: string): void {
  console.log(`\n== ${title} ==`);
}

export function tell(what: string, text: string): void {
  console.log(`  ${what.padEnd(15)} ${text}`);
}

export function finishBuild(world: World, sha: string): void {
  world.registry.put("team/shop", sha);
  world.ci.setRuns("team/shop", sha, [{ status: "completed", conclusion: "success" }]);
}

/** As a forge or registry tells the operator; its answer. */
export async function sendEvent(hookUrl: string, event: object): Promise<string> {
  const body = JSON.stringify(event);
  const signature = `sha256=${createHmac("sha256", HOOK_SECRET).update(body).digest("hex")}`;
  const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
  return (await fetch(hookUrl, { method: "POST", headers, body })).text();
}

/** The answer for the one Deployment; another than the story tells of is an error. */
export async function reconcile(url: string, expected: ReconcileEntry["action"]): Promise<ReconcileEntry> {
  const [entry] = (await (await fetch(`${url}/reconcile`)).json()) as ReconcileEntry[];
  if (entry?.action !== expected) throw new Error(`expected ${expected}, but the operator answered ${JSON.stringify(entry)}`);
  return entry;
}

/** The newest commit, and what changed since `before`. */
export async function showLanded(manifests: BareRepository, before: string): Promise<void> {
  const [commit] = await manifests.log();
  tell(commit?.sha.slice(0, 12) ?? "", `${commit?.subject}   (${commit?.author.name})`);
  const diff = await manifests.diff(before, commit?.sha ?? before);
  for (const line of diff.split("\n")) if (/^[-+]/.test(line)) console.log(`  ${line}`);
}
