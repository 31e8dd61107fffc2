/** What breaks meanwhile: the connection to the git host, the API server and its watches, the registry. One fault at a time, each for a while. */
import type { Random } from "../test/random.ts";
import { pause, repeatedly } from "./repeatedly.ts";
import type { Town } from "./town.ts";

interface Fault {
  readonly kind: string;
  readonly mostMs: number;
  /** Returns its end. */
  begin(random: Random): unknown;
}

interface Faults {
  readonly counts: ReadonlyMap<string, number>;
  readonly done: Promise<void>;
}

export function makeFaults(town: Town, random: Random, signal: AbortSignal): Faults {
  const counts = new Map<string, number>();
  const all = [...sshFaults(town), ...apiFaults(town), ...registryFaults(town)];
  const done = repeatedly(signal, random, [200, 2_000], async () => {
    const fault = random.pick(all);
    counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
    const end = fault.begin(random);
    await pause(signal, random.integer(fault.mostMs));
    if (typeof end === "function") await end();
  });
  return { counts, done };
}

function sshFaults({ proxy }: Town): Fault[] {
  const onBoth = (look: () => "pass" | "cut" | "hold") => {
    proxy.onServerData = look;
    proxy.onClientData = look;
    return () => {
      proxy.onServerData = undefined;
      proxy.onClientData = undefined;
    };
  };
  return [
    { kind: "ssh reset", mostMs: 2_000, begin: () => onBoth(() => "cut") },
    // What is swallowed is missing afterwards: the connection does not recover, as behind a firewall that forgot it.
    { kind: "ssh stall", mostMs: 8_000, begin: () => onBoth(() => "hold") },
    {
      kind: "ssh cut",
      mostMs: 4_000,
      begin(random) {
        let left = random.integer(20_000);
        const count = (chunk: Buffer) => {
          left -= chunk.length;
          return left < 0 ? "cut" : "pass";
        };
        const side = random.pick(["onServerData", "onClientData"] as const);
        proxy[side] = count;
        return () => {
          proxy[side] = undefined;
        };
      },
    },
  ];
}

function apiFaults({ world: { cluster } }: Town): Fault[] {
  const { faults } = cluster;
  return [
    { kind: "watches end", mostMs: 1, begin: () => faults.endWatches() },
    { kind: "watches silent", mostMs: 1, begin: () => faults.silenceWatches() },
    { kind: "watch sends rubbish", mostMs: 1, begin: () => faults.sendToWatches('{"type":"MODIFIED","object":') },
    { kind: "watch history gone", mostMs: 1, begin: (random) => faults.dropHistory(random.pick(["http", "event"])) },
    { kind: "api connections reset", mostMs: 1, begin: () => faults.resetConnections() },
    {
      kind: "api down",
      mostMs: 5_000,
      begin(random) {
        const down = faults.goDown(random.pick(["refuse", "reset"]));
        return () => down.then(() => faults.recover());
      },
    },
    { kind: "api refuses", mostMs: 4_000, begin: (random) => faults.answer(random.pick([401, 403, 429, 500, 503])) },
    { kind: "secrets unreadable", mostMs: 3_000, begin: (random) => faults.answer(random.pick([403, 500]), /\/secrets\//) },
    { kind: "api hangs", mostMs: 4_000, begin: () => faults.hang(/GET .*(secrets|watch)/) },
  ];
}

function registryFaults({ world: { registry } }: Town): Fault[] {
  return [
    { kind: "registry 500", mostMs: 4_000, begin: () => registry.answer({ status: 500 }) },
    { kind: "registry 429", mostMs: 4_000, begin: () => registry.answer({ status: 429, headers: { "retry-after": "1" } }) },
    { kind: "registry slow", mostMs: 4_000, begin: (random) => registry.delay(random.integer(3_000)) },
    { kind: "registry hangs", mostMs: 4_000, begin: () => registry.hang() },
    { kind: "registry resets", mostMs: 1, begin: () => registry.listener.resetConnections() },
  ];
}
