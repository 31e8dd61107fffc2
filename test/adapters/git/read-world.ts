/** An application's repository behind a real sshd (or the host with a profile), the Git port that reads it, and what went over the wire. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Agent } from "undici";
import { createBareRepository, type FileChange } from "../../../sandbox/bare-repository.ts";
import { startGitHost } from "../../../sandbox/git-host.ts";
import { git as runGit } from "../../../sandbox/git-process.ts";
import { createGit } from "../../../src/adapters/git/git.ts";
import { createSshConnections, type SshChannel } from "../../../src/adapters/ssh/ssh-connections.ts";
import type { Branch, Git } from "../../../src/core/git-ports.ts";
import { noObserver } from "../../../src/core/observer.ts";
import { createWorkshop } from "../../../src/workshop/workshop.ts";
import { type OpenSshOptions, startOpenSsh } from "../../openssh.ts";
import { addKey, known, loopback } from "../ssh/ssh-world.ts";

interface ReadWorldOptions extends Partial<OpenSshOptions> {
  readonly files?: Readonly<Record<string, FileChange>>;
}

const PATH = "team/app.git";

export async function startReadWorld(t: TestContext, { files = { "README.md": "hello\n" }, ...options }: ReadWorldOptions = {}) {
  const root = await mkdtemp(join(tmpdir(), "read-world-"));
  const repository = await createBareRepository(join(root, PATH), { files });
  const host = await (options.profile ? startGitHost : startOpenSsh)({ root, ...options });
  const connections = createSshConnections({ knownHosts: () => known(host.knownHosts), addressesOf: loopback });
  const dispatcher = new Agent();
  const workshop = createWorkshop();
  const opened: ReturnType<typeof createGit>[] = [];
  t.after(async () => {
    await Promise.all(opened.map((git) => git.close()));
    await Promise.all([connections.close(), dispatcher.close(), workshop.close()]);
    await host.close();
    await rm(root, { recursive: true, force: true });
  });

  /** Each conversation: what was asked for in it, request by request. */
  const asked: string[][] = [];
  let receivedBytes = 0;
  /** How often the server was let finish what it had to say. */
  let goodbyes = 0;

  function watched(channel: SshChannel): SshChannel {
    const requests: string[] = [];
    let isOpen = true;
    asked.push(requests);
    return {
      ...channel,
      write(chunk) {
        if (chunk.length > 4) requests.push(chunk.toString());
        return channel.write(chunk);
      },
      end() {
        if (isOpen) goodbyes += 1;
        channel.end();
      },
      close() {
        isOpen = false;
        channel.close();
      },
    };
  }

  function open(): Git {
    const git = createGit({
      connections: { ...connections, exec: async (...to) => watched(await connections.exec(...to)) },
      ...{ dispatcher, workshop, workDir: join(root, "work"), maxRepositoryBytes: 2 ** 26 },
      identity: { name: "Operator", email: "operator@example.com" },
      observer: {
        ...noObserver,
        conversed(conversation) {
          receivedBytes += conversation.receivedBytes;
        },
      },
    });
    opened.push(git);
    return git;
  }

  const at: Omit<Branch, "branch"> = { repository: host.repository(PATH), key: await addKey(host), namespace: "shop" };
  return {
    ...{ repository, at, open, asked },
    /** Since the last time. */
    spent() {
      const spent = { conversations: asked.length, requests: asked.flat().length, receivedBytes, goodbyes };
      asked.length = 0;
      receivedBytes = 0;
      goodbyes = 0;
      return spent;
    },
    /** git in the repository. */
    run: async (args: readonly string[], input = "") => (await runGit(repository.directory, args, { input })).toString().trim(),
  };
}
