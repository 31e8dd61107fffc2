/** A git conversation over one SSH channel; a server that hangs up is asked for its reason (exit status and stderr). */
import type { SshKey } from "../../../core/git-ports.ts";
import type { SshRepository } from "../../../core/types.ts";
import type { GitService } from "../../ssh/git-command.ts";
import { gitCommand, type SshChannel, type SshConnections } from "../../ssh/ssh-connections.ts";
import type { GitWire } from "./git-wire.ts";
import { createPktReader, FLUSH, type PktReader } from "./pkt-line.ts";
import { sshRefusal } from "./ssh-refusal.ts";

/** How long a server may take to hang up after the last answer before we do. */
const GOODBYE_MS = 5_000;

export async function openSshWire(
  connections: SshConnections,
  at: { repository: SshRepository; key: SshKey },
  service: GitService,
  limits: { maxBytes: number; signal: AbortSignal; notBefore: number },
): Promise<GitWire> {
  const env = service === "git-upload-pack" ? { GIT_PROTOCOL: "version=2" } : {};
  const { maxBytes, ...asked } = limits;
  const channel = await connections.exec(at.repository, at.key, gitCommand(service, at.repository.path), { env, ...asked });
  const lines = createPktReader(channel.stdout, maxBytes);
  const reader: PktReader = {
    async next() {
      const line = await lines.next();
      if (!line) await refuseExit(channel, at.repository, service);
      return line;
    },
  };
  return {
    advertisement: async () => reader,
    async request(body) {
      await channel.write(body);
      return reader;
    },
    close() {
      void drain(channel);
    },
    abort: () => channel.close(),
  };
}

async function drain(channel: SshChannel): Promise<void> {
  const timer = setTimeout(() => channel.close(), GOODBYE_MS);
  try {
    const flushed = channel.write(FLUSH);
    channel.end();
    await flushed;
    for await (const _ of channel.stdout);
    await channel.closed;
  } catch {
    // The answer was complete; how the connection ended no longer matters.
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}

async function refuseExit(channel: SshChannel, repository: SshRepository, service: GitService): Promise<void> {
  const { code, stderr } = await channel.closed;
  if (code === 0) return;
  throw sshRefusal(repository, service, stderr);
}
