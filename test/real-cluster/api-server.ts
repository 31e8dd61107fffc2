/** A real kube-apiserver and its etcd on loopback, as envtest runs them: no controllers, no nodes. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kubeconfigOf } from "../../sandbox/cluster-api/kubeconfig.ts";
import { createSelfSignedCertificate } from "../../sandbox/cluster-api/self-signed-certificate.ts";
import { freePort } from "../../sandbox/free-port.ts";

const folder = process.env.KUBEBUILDER_ASSETS;

/** For a `skip`. CI runs without them too: nothing that is installed as a package has them. */
export const skipWithoutAssets: string | false = folder
  ? false
  : "KUBEBUILDER_ASSETS is not set: it names a folder with kube-apiserver and etcd (setup-envtest use -p path)";

/** What the audit log keeps of a request that was answered. */
interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string; readonly apiGroup?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ApiServer {
  readonly port: number;
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
  /** As an administrator; what it prints. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Through another port when that is given. */
  kubeconfig(token: string, port?: number): string;
  /** What that user was answered, oldest first. */
  audit(user: string): Promise<AuditEvent[]>;
  stop(): Promise<void>;
  /** On the same port, with further flags; resolves when it answers, which is before it knows its roles. */
  start(flags?: readonly string[]): Promise<void>;
  /** etcd forgets every version but the newest. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

const upMs = 120_000;

export async function startApiServer(): Promise<ApiServer> {
  const home = await mkdtemp(join(tmpdir(), "gitops-operator-apiserver-"));
  const at = (name: string) => join(home, name);
  const [port, etcdPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const url = `https://127.0.0.1:${port}`;
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const adminToken = randomBytes(16).toString("hex");
  const { certPem: caPem, keyPem } = createSelfSignedCertificate();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const kubeconfig = (token: string, on = port) => kubeconfigOf({ url: `https://127.0.0.1:${on}`, caPem, token });
  const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{ level: Metadata }]\n";
  await mkdir(at("certificates"));
  for (const [name, text] of Object.entries({
    "tls.crt": caPem,
    "tls.key": keyPem,
    "accounts.pub": publicKey,
    "accounts.key": privateKey,
    "tokens.csv": `${adminToken},administrator,1,system:masters\n`,
    "policy.yaml": policy,
    kubeconfig: kubeconfig(adminToken),
  }))
    await writeFile(at(name), text, { mode: 0o600 });

  const etcd = run("etcd", [
    `--data-dir=${at("etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ]);
  let server: Program | undefined;
  await until(etcd, () => answers(`${etcdUrl}/health`));

  async function start(flags: readonly string[] = []): Promise<void> {
    const program = run("kube-apiserver", [
      `--etcd-servers=${etcdUrl}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      "--advertise-address=127.0.0.1",
      "--endpoint-reconciler-type=none",
      "--service-cluster-ip-range=10.0.0.0/24",
      `--cert-dir=${at("certificates")}`,
      `--tls-cert-file=${at("tls.crt")}`,
      `--tls-private-key-file=${at("tls.key")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${at("accounts.pub")}`,
      `--service-account-signing-key-file=${at("accounts.key")}`,
      `--token-auth-file=${at("tokens.csv")}`,
      "--authorization-mode=RBAC",
      `--audit-policy-file=${at("policy.yaml")}`,
      `--audit-log-path=${at("audit.log")}`,
      ...flags,
    ]);
    server = program;
    // Whatever it says: it listens. Roles come later, and clients must bear that.
    await until(program, async () => (await kubectl(["get", "--raw", "/livez/ping"]).catch(() => "")) === "ok");
  }

  async function kubectl(args: readonly string[], input = ""): Promise<string> {
    const env = { ...process.env, KUBECONFIG: at("kubeconfig"), KUBECACHEDIR: at("kubectl-cache") };
    return new Promise((resolve, reject) => {
      const child = execFile("kubectl", args, { env, timeout: 60_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(" ")}: ${stderr || error.message}`));
        else resolve(stdout);
      });
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }

  await start();
  await until(server ?? etcd, async () => (await kubectl(["get", "--raw", "/readyz"]).catch(() => "")) === "ok");
  // The server makes it itself, a moment after it is ready.
  await until(etcd, async () => (await kubectl(["get", "namespace", "default", "-o", "name"]).catch(() => "")) !== "");
  return {
    port,
    url,
    caPem,
    adminToken,
    kubectl,
    async apply(...objects) {
      await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    },
    kubeconfig,
    async audit(user) {
      const lines = (await readFile(at("audit.log"), "utf8")).split("\n").filter((line) => line !== "");
      return lines.map((line) => JSON.parse(line) as AuditEvent).filter(({ user: { username } }) => username === user);
    },
    stop: async () => end(server),
    start,
    async compact() {
      const ask = async (path: string, body: object) =>
        (await (await fetch(etcdUrl + path, { method: "POST", body: JSON.stringify(body) })).json()) as { header: { revision: string } };
      const { header } = await ask("/v3/kv/range", { key: Buffer.from("/").toString("base64"), count_only: true });
      await ask("/v3/kv/compaction", { revision: header.revision, physical: true });
    },
    async close() {
      await end(server);
      await end(etcd);
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

interface Program {
  readonly child: ChildProcess;
  /** The last of what it has said. */
  words(): string;
}

function run(name: string, args: readonly string[]): Program {
  const child = spawn(join(folder ?? "", name), args, { stdio: ["ignore", "ignore", "pipe"] });
  const killWithUs = () => void child.kill("SIGKILL");
  process.once("exit", killWithUs);
  child.once("exit", () => process.removeListener("exit", killWithUs));
  let words = "";
  child.on("error", (error) => {
    words += error.message;
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    words = (words + chunk).slice(-4_096);
  });
  return { child, words: () => words };
}

async function until({ child, words }: Program, holds: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (child.exitCode !== null || performance.now() - startMs > upMs) throw new Error(`${child.spawnfile} does not come up: ${words()}`);
    await sleep(100);
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function end(program: Program | undefined): Promise<void> {
  if (!program || program.child.exitCode !== null || program.child.signalCode !== null) return;
  const exited = once(program.child, "exit");
  program.child.kill("SIGTERM");
  await Promise.race([exited, sleep(20_000, undefined, { ref: false }).then(() => program.child.kill("SIGKILL"))]);
  await exited;
}
