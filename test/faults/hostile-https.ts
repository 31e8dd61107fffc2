/** A tenant's own https server: git (gitprotocol-http(5), protocol 2 or 0) and a registry with tokens, saying what no honest one says. */
import { appendFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { type Request, readText } from "../../sandbox/cluster-api/exchange.ts";
import { startListener } from "../../sandbox/cluster-api/listener.ts";

interface HostileHttps {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
}

interface HostileAnswers {
  /** The refs of the branch that was asked for, pkt-lines without an end; the last one repeats for as long as the client reads. */
  readonly refs?: (branch: string) => readonly Buffer[];
  readonly endlessRefs?: Buffer;
  /** Of the size of an HTTP chunk, for endless refs; default: as they are written. */
  readonly chunkBytes?: number;
  readonly pack?: Buffer;
  readonly token?: string;
}

export function pktLine(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
}

const FLUSH = Buffer.from("0000");
const MOST_IN_A_LINE = 60_000;

/** Repositories below `/v0/` speak the old protocol, all others the new one. `env` is the world's: its file of authorities gets one more. */
export async function startHostileHttps(
  t: { after(close: () => unknown): void },
  env: Readonly<Record<string, string>>,
  answers: HostileAnswers,
): Promise<HostileHttps> {
  const { refs = () => [], endlessRefs, chunkBytes, pack = Buffer.alloc(0), token = "" } = answers;
  const endless = endlessRefs && chunkBytes ? inChunks(endlessRefs, chunkBytes) : endlessRefs;
  const listing = (branch: string) => [pktLine(`${"0".repeat(40)} capabilities^{}\0symref=HEAD:refs/heads/${branch}\n`), ...refs(branch)];

  async function answerGit(request: Request, response: ServerResponse, path: string): Promise<void> {
    const said = await readText(request);
    const branch = /refs\/heads\/(\S+)/.exec(said)?.[1] ?? "master";
    if (path.endsWith("/info/refs")) {
      if (path.startsWith("/v0/")) return pour(response, listing(branch), endless, chunkBytes !== undefined);
      const offers = ["version 2\n", "ls-refs\n", "fetch=shallow filter\n"];
      return pour(response, offers.map(pktLine));
    }
    if (said.includes("command=ls-refs")) return pour(response, refs(branch), endless, chunkBytes !== undefined);
    const pieces: Buffer[] = [];
    for (let at = 0; at < pack.length; at += MOST_IN_A_LINE)
      pieces.push(pktLine(Buffer.concat([Buffer.from([1]), pack.subarray(at, at + MOST_IN_A_LINE)])));
    return pour(response, [pktLine("packfile\n"), ...pieces]);
  }

  const listener = await startListener("https", 0, (request, anyResponse) => {
    const response = anyResponse as ServerResponse;
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    if (pathname === "/token") return void response.end(JSON.stringify({ token, expires_in: 3_600 }));
    if (!pathname.startsWith("/v2/team/")) return void answerGit(request, response, pathname).catch(() => response.destroy());
    if (request.headers.authorization) response.statusCode = 404;
    else response.writeHead(401, { "www-authenticate": `Bearer realm="${listener.url}/token",service="x",scope="${pathname}"` });
    response.end();
  });
  t.after(() => listener.close());
  await appendFile(env.NODE_EXTRA_CA_CERTS ?? "", listener.caPem ?? "");
  return { host: new URL(listener.url).host };
}

/** An answer with `endless` never comes to its end; `isChunked`: it is written as HTTP chunks already. */
function pour(response: ServerResponse, lines: readonly Buffer[], endless?: Buffer, isChunked = false): void {
  response.setHeader("content-type", "application/x-git-upload-pack-result");
  response.on("error", () => {});
  const first = Buffer.concat(lines);
  if (!endless) return void response.end(Buffer.concat([first, FLUSH]));
  const to = isChunked ? response.socket : response;
  const more = () => {
    while (!response.destroyed && to?.write(endless));
  };
  to?.on("drain", more);
  response.write(first);
  more();
}

function inChunks(bytes: Buffer, size: number): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat(chunks);
}
