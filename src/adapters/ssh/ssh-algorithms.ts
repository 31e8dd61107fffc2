/** What ssh2 offers to a host, for the exchange of keys and after. */
import type { AlgorithmList, CompressionAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";
import type { HostKeys } from "./known-hosts.ts";

/** None: what a host packs would unfold in line, a thousandfold, on every kept connection. git's packs are compressed anyway. */
const compress: CompressionAlgorithm[] = ["none"];
/**
 * Group exchange lets a server that has proved nothing yet choose the group: OpenSSL tests in line whether its number is prime, which takes 35 s at
 * 8,192 bits. The fixed groups cost 25 ms at most.
 */
const kex = { append: [], prepend: [], remove: ["diffie-hellman-group-exchange-sha256"] } satisfies AlgorithmList<KexAlgorithm>;
/** Tied to the encrypted text first. Without that: Azure DevOps (SHA-2 only) and old servers (SHA-1). Never MD5, never cut to 96 bits. */
const hmac: MacAlgorithm[] = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
  "hmac-sha1-etm@openssh.com",
  "hmac-sha1",
];
/** Safest first; `ssh-rsa` (SHA-1) is never offered. */
const algorithmsByKeyType: readonly (readonly [keyType: string, algorithms: readonly ServerHostKeyAlgorithm[]])[] = [
  ["ssh-ed25519", ["ssh-ed25519"]],
  ["ecdsa-sha2-nistp256", ["ecdsa-sha2-nistp256"]],
  ["ecdsa-sha2-nistp384", ["ecdsa-sha2-nistp384"]],
  ["ecdsa-sha2-nistp521", ["ecdsa-sha2-nistp521"]],
  ["ssh-rsa", ["rsa-sha2-512", "rsa-sha2-256"]],
];

/** The types that known_hosts has come first, so that the server shows one of them when it can; the others only serve to name its key in the refusal. */
function hostKeyAlgorithms(known: HostKeys): ServerHostKeyAlgorithm[] {
  const isKnown = (type: string) => known.trusted.some((line) => line.type === type);
  const sorted = [...algorithmsByKeyType.filter(([type]) => isKnown(type)), ...algorithmsByKeyType.filter(([type]) => !isKnown(type))];
  return sorted.flatMap(([, algorithms]) => algorithms);
}

export function algorithmsFor(known: HostKeys) {
  return { kex, serverHostKey: hostKeyAlgorithms(known), hmac, compress };
}
