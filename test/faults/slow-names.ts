/** A nameserver of the test's own: it tells names below `good.test`, and is silent about all others. The machine's own stays as it is. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const ADDRESS = "127.9.9.9";
const HEADER_BYTES = 12;

/** For a test's `skip`. */
export function skipWithoutMounts(): string | false {
  try {
    execFileSync("unshare", ["-m", "true"], { stdio: "ignore" });
    return false;
  } catch {
    return "no mount namespace may be made here";
  }
}

interface SlowNames {
  /** What starts a program for which this is the only nameserver. */
  readonly through: readonly string[];
  readonly silentQuestions: number;
}

export async function startSlowNames(t: { after(close: () => unknown): void }, folder: string): Promise<SlowNames> {
  let silentQuestions = 0;
  const server = createSocket("udp4", (question, from) => {
    const answer = answerTo(question);
    if (answer) server.send(answer, from.port, from.address);
    else silentQuestions += 1;
  }).bind(53, ADDRESS);
  await once(server, "listening");
  t.after(() => server.close());
  const file = join(folder, "resolv.conf");
  // What most clusters have: five seconds, twice.
  writeFileSync(file, `nameserver ${ADDRESS}\noptions timeout:5 attempts:2\n`);
  const script = `mount --make-rprivate / && mount --bind ${file} "$(readlink -f /etc/resolv.conf)" && exec "$@"`;
  return {
    through: ["unshare", "-m", "sh", "-c", script, "sh"],
    get silentQuestions() {
      return silentQuestions;
    },
  };
}

/** RFC 1035: 127.0.0.1 for the type A, nothing for others; undefined where it says nothing. */
function answerTo(question: Buffer): Buffer | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (!labels.join(".").toLowerCase().endsWith("good.test")) return undefined;
  const asked = question.subarray(HEADER_BYTES, at + 5);
  const isA = question.readUInt16BE(at + 1) === 1;
  const header = Buffer.from([...question.subarray(0, 2), 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, asked, ...(isA ? [record] : [])]);
}
