import { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { ReconcileError } from "../../errors.ts";
import { serverWords } from "../../text/server-words.ts";

interface SshExit {
  /** Undefined when the server did not say, or when we closed first. */
  readonly code: number | undefined;
  readonly signal?: string;
  /** The last 8 KB. */
  readonly stderr: string;
}

/** One command that runs on the server. Leaving a `for await` over stdout early closes it. */
export type SshChannel = ReturnType<typeof createSshChannel>["channel"];

const STDERR_BYTES = 8 * 1024;

/**
 * `onFree` is called once, when the server has ended the session: whatever was read, its place can be used again.
 * `fail` ends the channel from outside, when its connection breaks.
 */
export function createSshChannel(raw: ClientChannel, signal: AbortSignal, onFree: () => void) {
  const { promise: closed, resolve, reject } = Promise.withResolvers<SshExit>();
  closed.catch(() => {});
  let stderr = Buffer.alloc(0);
  let stderrEnded = false;
  let exit: { code: number | undefined; signal?: string } | undefined;
  let over = false;
  let free = false;

  const stdout: Readable = new Readable({
    read: () => void raw.resume(),
    destroy(error, callback) {
      if (!over && !stdout.readableEnded) close();
      callback(error);
    },
  });

  // Whoever reads gets the error; when nobody does it is no reason to crash.
  stdout.on("error", () => {});

  function finish(): boolean {
    if (over) return false;
    over = true;
    signal.removeEventListener("abort", onAbort);
    return true;
  }

  function release(): void {
    if (free) return;
    free = true;
    onFree();
  }

  /** Ends the session on the server; its last bytes are read away, or ssh2 would never say that it is closed. */
  function hangUp(): void {
    raw.close();
    raw.removeListener("data", onData);
    raw.resume();
  }

  function fail(error: Error): void {
    if (!finish()) return;
    reject(error);
    stdout.destroy(error);
    hangUp();
  }

  function close(): void {
    if (!finish()) return;
    resolve({ code: undefined, stderr: stderr.toString() });
    stdout.destroy();
    hangUp();
  }

  function onAbort(): void {
    fail(signal.reason);
  }

  /** `close` alone will not do: ssh2 holds it back until stdout has been read to its end. */
  function onEnded(): void {
    if (exit === undefined || !stderrEnded) return;
    release();
    if (finish()) resolve({ ...exit, stderr: stderr.toString() });
  }

  function onData(chunk: Buffer): void {
    if (!stdout.push(chunk)) raw.pause();
  }

  raw.on("data", onData);
  raw.on("end", () => stdout.push(null));
  raw.on("error", fail);
  raw.on("exit", (code: number | null, name?: string) => {
    exit = { code: code ?? undefined, ...(name === undefined ? {} : { signal: name }) };
    onEnded();
  });
  raw.stderr.on("data", (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_BYTES);
  });
  raw.stderr.on("end", () => {
    stderrEnded = true;
    onEnded();
  });
  raw.on("close", () => {
    exit ??= { code: undefined };
    stderrEnded = true;
    onEnded();
  });
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();

  const channel = {
    /** Holds the server back while nobody reads. Fails when the connection breaks or the signal aborts: an end is a real end. */
    stdout,
    /** How the command ended; rejects like stdout. Need not be awaited. */
    closed,
    /** Stops it; what was not read is dropped. Harmless when it is over. */
    close,
    /** No more input. */
    end: () => void raw.end(),
    /** Resolves once the bytes are on their way; rejects when the command is over first. */
    async write(chunk: string | Uint8Array): Promise<void> {
      const written = new Promise<void>((done, failed) => raw.write(chunk, (error) => (error ? failed(error) : done())));
      // ssh2 forgets the callback of a write that the closing of the channel overtakes.
      await Promise.race([written, closed.then(refuseWrite)]);
    },
  };
  return { channel, fail };
}

function refuseWrite({ code, stderr }: SshExit): never {
  throw new ReconcileError(
    "git_protocol",
    `the git server ended (exit status ${code ?? "unknown"}) before it had read the request: ${serverWords(stderr)}`,
  );
}
