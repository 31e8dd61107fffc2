import assert from "node:assert/strict";
import { test } from "node:test";
import { createAddressShares } from "../../src/http/address-shares.ts";

/** How many more of `tries` that address gets. */
function taken(take: ReturnType<typeof createAddressShares>, address: string, tries: number): number {
  return Array.from({ length: tries }, () => take(address)).filter(Boolean).length;
}

// S16, S33
test("one address can have half of all at most, and every other its share after that", () => {
  const take = createAddressShares(4, 20);
  assert.equal(taken(take, "10.0.0.1", 100), 20);
  assert.equal(taken(take, "10.0.0.2", 100), 4);
  assert.equal(taken(take, "10.0.0.3", 100), 4);
});

test("where nothing is given beyond the share, an address has that and no more", () => {
  const take = createAddressShares(4);
  assert.equal(taken(take, "10.0.0.1", 100), 4);
  assert.equal(taken(take, "10.0.0.2", 100), 4);
});

test("what is given back is free again", () => {
  const take = createAddressShares(1);
  const release = take("10.0.0.1");
  assert.ok(release);
  assert.equal(take("10.0.0.1"), undefined);
  release();
  assert.ok(take("10.0.0.1"));
});

test("an IPv4 address in either spelling is one, and so is all of an IPv6 /64", () => {
  for (const [one, same, other] of [
    ["10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2"],
    ["2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::1"],
    ["2001:db8::1", "2001:db8:0:0:1::", "2001:db8:1::1"],
    ["fe80::1%eth0", "fe80::2%eth0", "fe81::1"],
    ["::1", "::2", "1::"],
  ] as const) {
    const take = createAddressShares(1);
    assert.ok(take(one));
    assert.equal(take(same), undefined, `${one} and ${same}`);
    assert.ok(take(other), `${one} and ${other}`);
  }
});
