/** What a conversation with a git server was about and how much went over the wire. */
import type { Conversation } from "../../../core/observer.ts";
import type { GitService } from "../../ssh/git-command.ts";
import type { GitWire } from "./git-wire.ts";
import type { PktReader } from "./pkt-line.ts";

export interface CountedWire extends GitWire {
  facts(): Pick<Conversation, "operation" | "receivedBytes" | "sentBytes">;
}

export function countWire(wire: GitWire, service: GitService): CountedWire {
  let receivedBytes = 0;
  let sentBytes = 0;
  let wanted = false;

  const count = (reader: PktReader): PktReader => ({
    async next() {
      const line = await reader.next();
      if (line) receivedBytes += 4 + (line.kind === "data" ? line.data.length : 0);
      return line;
    },
  });

  return {
    advertisement: async () => count(await wire.advertisement()),
    async request(body) {
      sentBytes += body.length;
      if (service === "git-upload-pack" && /want [0-9a-f]{40}/.test(body.toString("latin1"))) wanted = true;
      return count(await wire.request(body));
    },
    close: () => wire.close(),
    abort: () => wire.abort(),
    facts: () => ({ operation: service === "git-receive-pack" ? "push" : wanted ? "fetch" : "list", receivedBytes, sentBytes }),
  };
}
