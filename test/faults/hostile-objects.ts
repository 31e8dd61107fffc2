/** Keys, packs and commits as no honest program writes them. */
import { createHash, createPrivateKey, type JsonWebKeyInput, randomBytes } from "node:crypto";
import type { BareRepository } from "../../sandbox/bare-repository.ts";
import { git } from "../../sandbox/git-process.ts";
import { blobId, rawPack } from "../adapters/git/packs/pack-bytes.ts";

/** An RSA key whose numbers mean nothing but are that long: to find that out somebody has to count with them. */
export function hugeRsaKey(bits: number): string {
  const number = (length: number) => {
    const bytes = randomBytes(length / 8);
    bytes[0] = 0xc1;
    bytes[bytes.length - 1] = 0xc1;
    return bytes.toString("base64url");
  };
  const [n, d, p, q, dp, dq, qi] = [bits, bits - 8, bits / 2, bits / 2, bits / 2 - 8, bits / 2 - 8, bits / 2 - 8].map(number);
  const key = createPrivateKey({ format: "jwk", key: { kty: "RSA", e: "AQAB", n, d, p, q, dp, dq, qi } as JsonWebKeyInput["key"] });
  return key.export({ format: "pem", type: "pkcs1" }) as string;
}

/** A commit object of any text becomes the branch's tip. */
export async function commitText(repository: BareRepository, text: (tree: string) => string): Promise<void> {
  const { directory, branch } = repository;
  const tree = (await git(directory, ["rev-parse", `${branch}^{tree}`])).toString().trim();
  const write = ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"];
  const sha = (await git(directory, write, { input: text(tree) })).toString().trim();
  await repository.forceBranch(branch, sha);
}

export function idOf(type: "commit" | "tree", content: Buffer): string {
  return createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest("hex");
}

/** A delta that copies the base's first byte `copies` times, with an instruction of two bytes for each; then inserts `end`. */
export function byteByByte(baseSize: number, copies: number, end = ""): Buffer {
  const copy = Buffer.alloc(2 * copies, Buffer.from([0x90, 0x01]));
  const insert = end ? Buffer.from([end.length, ...Buffer.from(end)]) : Buffer.alloc(0);
  return Buffer.concat([littleEndian(baseSize), littleEndian(copies + end.length), copy, insert]);
}

function littleEndian(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A chain of `depth` files, each of them such a delta on the one before; the last one is at `path`. */
export async function commitChain(repository: BareRepository, depth: number, size: number, path: string): Promise<void> {
  const contents = [
    Buffer.alloc(size, "a"),
    ...Array.from({ length: depth }, (_, i) => Buffer.from("a".repeat(size - 8) + String(i).padStart(8, "#"))),
  ];
  const names = contents.map((_, i) => (i === depth ? path : `file-${String(i).padStart(6, "0")}`));
  const lines = contents.map((content, i) => ({
    name: names[i] ?? "",
    line: Buffer.concat([Buffer.from(`100644 ${names[i]}\0`), Buffer.from(blobId(content), "hex")]),
  }));
  const tree = Buffer.concat(lines.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ line }) => line));
  const commit = Buffer.from(`tree ${idOf("tree", tree)}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n`);
  const deltas = contents
    .slice(1)
    .map((content) => ({ type: 6, base: 1, content: byteByByte(size, size - 8, content.toString("latin1", size - 8)) }));
  const first = { type: 3, content: contents[0] ?? Buffer.alloc(0) };
  const pack = rawPack([first, ...deltas, { type: 2, content: tree }, { type: 1, content: commit }]);
  await git(repository.directory, ["index-pack", "--stdin"], { input: pack });
  // As deep as the server may send deltas; git's own limit for its clients is 4,095.
  await repository.config("pack.depth", "4095");
  await repository.forceBranch(repository.branch, idOf("commit", commit));
}
