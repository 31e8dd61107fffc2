/** The peer: git's command line and OpenSSH's client, as an operator out of shell scripts would use them. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gitEnvironment } from "../sandbox/git-process.ts";
import type { World } from "../sandbox/world.ts";

export interface CommandLineGit {
  /** Runs git in `directory`; milliseconds. */
  run(directory: string, ...args: readonly string[]): Promise<number>;
  /** `git ls-remote` of each, so many at a time; milliseconds. */
  listAll(urls: readonly string[], atOnce: number): Promise<number>;
}

const run = promisify(execFile);

/** The login and the authority as a helper of git's would give them, without the process that asks it. */
async function overHttps(folder: string, { username, password, "ca.crt": authority }: Readonly<Record<string, string>>) {
  if (password === undefined || authority === undefined) return {};
  const file = join(folder, "peer-ca.pem");
  await writeFile(file, authority);
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  const settings = { "http.sslCAInfo": file, "http.extraHeader": `Authorization: Basic ${basic}` };
  const numbered = Object.entries(settings).flatMap(([name, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, name],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return { ...Object.fromEntries(numbered), GIT_CONFIG_COUNT: String(Object.keys(settings).length) };
}

export async function createCommandLineGit({
  folder,
  key,
  env,
  login,
}: Pick<World, "folder" | "key" | "env" | "login">): Promise<CommandLineGit> {
  const keyFile = join(folder, "peer-key");
  await writeFile(keyFile, key.privateKey, { mode: 0o600 });
  const ssh = `ssh -F none -i ${keyFile} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${env.SSH_KNOWN_HOSTS} -o GlobalKnownHostsFile=none`;
  const environment = { ...gitEnvironment, GIT_SSH_COMMAND: ssh, ...(await overHttps(folder, login(key))) };

  async function timed(directory: string, ...args: readonly string[]): Promise<number> {
    const before = performance.now();
    await run("git", [...args], { cwd: directory, env: environment, maxBuffer: 64 * 2 ** 20 });
    return performance.now() - before;
  }

  return {
    run: timed,
    async listAll(urls, atOnce) {
      const before = performance.now();
      const left = [...urls];
      const workOff = async () => {
        for (let url = left.shift(); url !== undefined; url = left.shift())
          await timed(folder, "ls-remote", "--exit-code", url, "refs/heads/master");
      };
      await Promise.all(Array.from({ length: atOnce }, workOff));
      return performance.now() - before;
    },
  };
}
