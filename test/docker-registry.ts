/** Debian's docker-registry on loopback, with Basic authentication, for the tests that want a real one. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findProgram } from "./find-program.ts";

interface DockerRegistry {
  readonly url: string;
  readonly host: string;
  readonly username: string;
  readonly password: string;
  /** Pushes a tiny image; the digest of its manifest. With `asIndex` the tag is an OCI index that leads to it. */
  push(repository: string, tag: string, options?: { readonly asIndex?: boolean }): Promise<string>;
  close(): Promise<void>;
}

const username = "ann";
const password = "sandbox:password";
/** bcrypt of the password: htpasswd files know nothing else here. */
const htpasswd = `${username}:$2b$05$abcdefghijklmnopqrstuuu.9aoq9WcdZhlnW9324SRN3uuFPulqO\n`;

const OCI = "application/vnd.oci.image";

/** For a test's `skip`. With CI set nothing is skipped: there a missing docker-registry is a failure. */
export function skipWithoutDockerRegistry(): string | false {
  return process.env.CI || findProgram("docker-registry") ? false : "docker-registry is not installed (apt-get install docker-registry)";
}

/** `notify`: where it tells of every push, and with what proof. */
export async function startDockerRegistry(notify?: { readonly url: string; readonly authorization: string }): Promise<DockerRegistry> {
  const program = findProgram("docker-registry");
  if (!program) throw new Error("docker-registry is not installed; apt-get install docker-registry");
  const folder = await mkdtemp(join(tmpdir(), "docker-registry-"));
  await writeFile(join(folder, "htpasswd"), htpasswd);
  const config = {
    version: "0.1",
    log: { level: "info", formatter: "json" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } },
    http: { addr: "127.0.0.1:0", secret: "test" },
    ...(notify && {
      notifications: {
        endpoints: [
          {
            name: "operator",
            url: notify.url,
            headers: { Authorization: [notify.authorization] },
            timeout: "5s",
            threshold: 5,
            backoff: "1s",
          },
        ],
      },
    }),
  };
  // JSON is YAML.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn(program, ["serve", join(folder, "config.yml")], {
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: "none" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${await listeningPort(child.stderr)}`;
  child.stderr.resume();

  async function send(method: string, path: string, contentType?: string, body?: string): Promise<Response> {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
        ...(contentType ? { "content-type": contentType } : {}),
      },
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async function putBlob(repository: string, text: string) {
    const digest = digestOf(text);
    const upload = await send("POST", `/v2/${repository}/blobs/uploads/`);
    const location = new URL(upload.headers.get("location") ?? "", url);
    location.searchParams.set("digest", digest);
    await send("PUT", location.href, "application/octet-stream", text);
    return { digest, size: text.length };
  }

  async function putManifest(
    repository: string,
    tag: string,
    mediaType: string,
    content: object,
  ): Promise<{ digest: string; size: number }> {
    const text = JSON.stringify({ schemaVersion: 2, mediaType, ...content });
    await send("PUT", `/v2/${repository}/manifests/${tag}`, mediaType, text);
    return { digest: digestOf(text), size: text.length };
  }

  return {
    url,
    host: new URL(url).host,
    username,
    password,
    async push(repository, tag, { asIndex = false } = {}) {
      const config = await putBlob(repository, '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
      const manifest = { config: { mediaType: `${OCI}.config.v1+json`, ...config }, layers: [] };
      const image = await putManifest(repository, asIndex ? `${tag}-amd64` : tag, `${OCI}.manifest.v1+json`, manifest);
      if (!asIndex) return image.digest;
      const platform = { architecture: "amd64", os: "linux" };
      const index = { manifests: [{ mediaType: `${OCI}.manifest.v1+json`, ...image, platform }] };
      return (await putManifest(repository, tag, `${OCI}.index.v1+json`, index)).digest;
    },
    async close() {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function listeningPort(log: NodeJS.ReadableStream): Promise<string> {
  const seen: string[] = [];
  for await (const line of createInterface({ input: log })) {
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port !== undefined) return port;
    seen.push(line);
  }
  throw new Error(`docker-registry ended before it listened:\n${seen.join("\n")}`);
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
