import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

type Range = [start: Address, bits: number];

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function parseCidr(text: string): Range | undefined {
  const [, address = "", prefix] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  return length <= bits ? [ipaddr.parse(address), length] : undefined;
}

/** Says what the address is when the operator does not connect to it; undefined: it may. `apiServer`: the addresses of the API server. */
export type AddressRules = (address: string, apiServer?: readonly string[]) => string | undefined;

/** Public and private ones; carrier-grade NAT (100.64.0.0/10) counts as private, because clusters use it for their Pods. All other ranges are refused. */
const OPEN_RANGES: ReadonlySet<string> = new Set(["unicast", "private", "uniqueLocal", "carrierGradeNat"]);

const WORDS: Readonly<Record<string, string>> = {
  loopback: "a loopback address",
  // Where most clouds answer questions for credentials.
  linkLocal: "a link-local address",
  multicast: "a multicast address",
  // NAT64 prefixes of a site's own (RFC 8215) and Teredo: which IPv4 address is inside cannot be told.
  rfc6052: "an address that stands for another",
  teredo: "an address that stands for another",
};

/** What clouds answer at beside link-local addresses: AWS, Google, Scaleway and Oracle over IPv6; Alibaba, Azure and Oracle (Classic). */
const METADATA = ["fd00:ec2::/32", "fd20:ce::254", "fd00:42::42", "fd00:c1::a9fe:a9fe", "100.100.100.200", "168.63.129.16", "192.0.0.192"];

/** IPv6 networks whose addresses hold an IPv4 address, and at which byte: compatible, mapped, translated (SIIT), NAT64, 6to4. */
const CARRIERS = [
  ["::/96", 12],
  ["::ffff:0:0/96", 12],
  ["::ffff:0:0:0/96", 12],
  ["64:ff9b::/96", 12],
  ["2002::/16", 2],
] as const;

/** Read at the first address that is asked about, for a start takes longer with it. */
const ranges = atFirstUse(() => ({
  metadata: METADATA.map(rangeOf),
  carriers: CARRIERS.map(([cidr, at]) => ({ range: rangeOf(cidr), at })),
}));

function atFirstUse<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** An address in `allowCidrs` is never refused. Throws when one of them is no CIDR. */
export function createAddressRules(allowCidrs: readonly string[]): AddressRules {
  const allowed = allowCidrs.map(rangeOf);
  return (text, apiServer = []) => {
    if (isIP(text) === 0) return "no address";
    const address = ipaddr.parse(text);
    const inside = insideOf(address);
    if (isIn(address, allowed) || isIn(mapped(address), allowed)) return undefined;
    const protectedOnes = apiServer.map((one) => rangeOf(mapped(ipaddr.parse(one)).toString()));
    if (isIn(inside, protectedOnes)) return "the address of the Kubernetes API server";
    if (isIn(inside, ranges().metadata)) return "a cloud metadata address";
    const range = inside.range();
    return OPEN_RANGES.has(range) ? undefined : (WORDS[range] ?? "an unspecified or reserved address");
  };
}

/** The IPv4 address inside an IPv6 one, else the address itself. */
function insideOf(address: Address): Address {
  // These two lie in the network of compatible addresses.
  if (address.kind() === "ipv4" || address.range() === "loopback" || address.range() === "unspecified") return address;
  const carrier = ranges().carriers.find(({ range }) => isIn(address, [range]));
  return carrier ? ipaddr.fromByteArray(address.toByteArray().slice(carrier.at, carrier.at + 4)) : address;
}

/** An IPv4-mapped one (`::ffff:127.0.0.1`) as the IPv4 address that it is. */
function mapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function isIn(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some(([start, bits]) => start.kind() === address.kind() && address.match(start, bits));
}

function rangeOf(text: string): Range {
  const range = parseCidr(text);
  if (!range) throw new Error(`${text} is no CIDR`);
  return range;
}
