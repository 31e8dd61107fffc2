import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

interface Cidr {
  readonly address: string;
  readonly prefix: number;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = "", prefix] = /^([\d.]+|[\da-f:.]*:[\da-f:.]*)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  return length <= bits ? { address, prefix: length } : undefined;
}

/** Says what the address is when the operator does not connect to it; undefined: it may. `apiServer`: the addresses of the API server. */
export type AddressRules = (address: string, apiServer?: readonly string[]) => string | undefined;

/** Where clouds answer questions for credentials, among others. */
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"];

/** IANA special-purpose registries (RFC 6890); private ranges are left out on purpose: private registries are normal. */
const REFUSED: readonly (readonly [what: string, cidrs: readonly string[]])[] = [
  ["a loopback address", ["127.0.0.0/8", "::1"]],
  ["a link-local address", LINK_LOCAL],
  // AWS, Google and Scaleway over IPv6; Alibaba, Azure and Oracle: what is not link-local.
  ["a cloud metadata address", ["fd00:ec2::254", "fd20:ce::254", "fd00:42::42", "100.100.100.200", "168.63.129.16", "192.0.0.192"]],
  ["a multicast address", ["224.0.0.0/4", "ff00::/8"]],
  ["an unspecified or reserved address", ["0.0.0.0/8", "240.0.0.0/4", "::"]],
  // NAT64 prefixes of a site's own (RFC 8215) and Teredo: which IPv4 address is inside cannot be told.
  ["an address that stands for another", ["64:ff9b:1::/48", "2001::/32"]],
];

const linkLocal = listOf(LINK_LOCAL, true);
const refused = REFUSED.map(([what, cidrs]) => ({ what, list: listOf(cidrs, true) }));

/** An address in `allowCidrs` is never refused. Throws when one of them is no CIDR. */
export function createAddressRules(allowCidrs: readonly string[]): AddressRules {
  const allowed = listOf(allowCidrs, false);
  return (address, apiServer = []) => {
    const plain = withoutZone(address);
    if (isIP(plain) === 0) return "no address";
    if (holds(allowed, plain)) return undefined;
    if (holds(listOf(apiServer, true), plain)) return "the address of the Kubernetes API server";
    return refused.find(({ list }) => holds(list, plain))?.what;
  };
}

/** IPv4 ones inside an IPv6 address (mapped, NAT64, 6to4) too. */
export function isLinkLocal(address: string): boolean {
  return holds(linkLocal, withoutZone(address));
}

/** `fe80::1%eth0`: a zone is not part of the address. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}

/** BlockList finds an IPv4 rule by its IPv4-mapped address (`::ffff:127.0.0.1`) as well. */
function holds(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function listOf(cidrs: readonly string[], withEmbedded: boolean): BlockList {
  const list = new BlockList();
  for (const text of cidrs) {
    const cidr = parseCidr(text);
    if (!cidr) throw new Error(`${text} is no CIDR`);
    const { address, prefix } = cidr;
    list.addSubnet(address, prefix, isIPv4(address) ? "ipv4" : "ipv6");
    if (!withEmbedded || !isIPv4(address)) continue;
    // IPv4 inside IPv6: NAT64, translated (SIIT), compatible, 6to4.
    for (const start of ["64:ff9b::", "::ffff:0:", "::"]) list.addSubnet(`${start}${address}`, 96 + prefix, "ipv6");
    list.addSubnet(`2002:${hexGroups(address)}::`, 16 + prefix, "ipv6");
  }
  return list;
}

/** `127.0.0.1` as `7f00:1`. */
function hexGroups(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
