import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { newSshKeyPair } from "../../../sandbox/ssh-key-pair.ts";
import { parseSshKey } from "../../../src/adapters/ssh/ssh-key.ts";
import { findProgram } from "../../find-program.ts";
import { skipWithoutSshd } from "../../openssh.ts";
import { advertise, known, path, secret, startSshWorld } from "./ssh-world.ts";

const skip = skipWithoutSshd() || (findProgram("ssh") ? false : "ssh is not installed");

// S13
test("lines of known_hosts count as OpenSSH's client counts them", { skip }, async (t) => {
  const { host, connections } = await startSshWorld(t, "OpenSSH", { hostKeyTypes: ["rsa"] });
  const folder = await mkdtemp(join(tmpdir(), "known-hosts-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const pair = await host.newKey();
  const files = { key: join(folder, "key"), known: join(folder, "known_hosts") };
  await writeFile(files.key, pair.privateKey, { mode: 0o600 });
  const key = parseSshKey(pair.privateKey, secret);
  const repository = host.repository(path);

  /** What ssh(1) makes of a file with this line. */
  async function asked(): Promise<string> {
    const options = [`UserKnownHostsFile=${files.known}`, "GlobalKnownHostsFile=none", "StrictHostKeyChecking=yes", "BatchMode=yes"];
    const args = ["-F", "none", "-i", files.key, ...options.flatMap((option) => ["-o", option]), "-p", String(host.port)];
    const said = await new Promise<string>((resolve) => {
      execFile("ssh", [...args, `${repository.user}@127.0.0.1`, `git-upload-pack '${path}'`], (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      ).stdin?.end("0000");
    });
    if (/refs\/heads\/main/.test(said)) return "trusted";
    if (/IDENTIFICATION HAS CHANGED/.test(said)) return "changed";
    return /No RSA host key is known for/.test(said) ? "unknown" : said;
  }

  /** What we make of it. */
  async function ours(text: string): Promise<string> {
    const ssh = connections({ knownHosts: () => known(text) });
    return advertise(ssh, repository, key).then(
      ({ code }) => (code === 0 ? "trusted" : `exit ${code}`),
      ({ message }: Error) => (/HAS CHANGED/.test(message) ? "changed" : /is not known/.test(message) ? "unknown" : message),
    );
  }

  const base64 = host.knownHosts.trim().split(" ")[2] ?? "";
  const wire = Buffer.from(base64, "base64");
  const renamed = Buffer.concat([Buffer.from([0, 0, 0, 12]), Buffer.from("rsa-sha2-512"), wire.subarray(4 + "ssh-rsa".length)]);
  const other = newSshKeyPair("rsa").publicKey.split(" ")[1];
  for (const [line, verdict] of [
    [`ssh-rsa ${base64}`, "trusted"],
    [`rsa-sha2-256 ${base64}`, "trusted"],
    [`rsa-sha2-512 ${base64} a comment`, "trusted"],
    [`rsa-sha2-512 ${renamed.toString("base64")}`, "trusted"],
    [`ssh-rsa ${renamed.toString("base64")}`, "trusted"],
    [`rsa-sha2-512 ${other}`, "changed"],
    [`RSA ${base64}`, "unknown"],
    [`SSH-RSA ${base64}`, "unknown"],
    [`rsa-sha2-384 ${base64}`, "unknown"],
    [`ssh-ed25519 ${base64}`, "unknown"],
    [`ssh-rsa ${base64.slice(0, -8)}`, "unknown"],
    [`ssh-rsa ${Buffer.concat([wire, Buffer.alloc(4)]).toString("base64")}`, "unknown"],
    [`ssh-rsa ${newSshKeyPair().publicKey.split(" ")[1]}`, "unknown"],
    ["ssh-rsa", "unknown"],
    ["2048 65537 1234567", "unknown"],
  ] as const) {
    const text = `[127.0.0.1]:${host.port} ${line}\n`;
    await writeFile(files.known, text);
    assert.deepEqual([line, await asked(), await ours(text)], [line, verdict, verdict]);
  }
});
