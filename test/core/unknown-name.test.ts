import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownName } from "../../src/core/unknown-name.ts";

const tracked = [
  { namespace: "default", deployment: "shop" },
  { namespace: "default", deployment: "billing" },
  { namespace: "team-a", deployment: "web" },
];

test("a filter that names something tracked is fine, and so is any one where nothing is tracked", () => {
  for (const filter of [{}, { namespace: "default" }, { deployment: "web" }, { namespace: "team-a", deployment: "web" }]) {
    assert.equal(unknownName(filter, tracked), undefined);
  }
  assert.equal(unknownName({ namespace: "nowhere", deployment: "nobody" }, []), undefined);
});

const unknown: [filter: Parameters<typeof unknownName>[0], says: string][] = [
  [{ namespace: "defualt" }, "no tracked Deployment in namespace 'defualt'; did you mean 'default'?"],
  [{ deployment: "shpo" }, "no tracked Deployment 'shpo'; did you mean 'shop'?"],
  [{ namespace: "default", deployment: "nobody" }, "no tracked Deployment 'nobody' in namespace 'default'; /status lists what is tracked"],
  [{ namespace: "default", deployment: "biling" }, "no tracked Deployment 'biling' in namespace 'default'; did you mean 'billing'?"],
  [{ namespace: "default", deployment: "web" }, "no tracked Deployment 'web' in namespace 'default'; did you mean namespace 'team-a'?"],
  [{ namespace: "defualt", deployment: "nobody" }, "no tracked Deployment in namespace 'defualt'; did you mean 'default'?"],
  [{ namespace: "" }, "no tracked Deployment in namespace ''; /status lists what is tracked"],
];
for (const [filter, says] of unknown) {
  test(`${JSON.stringify(filter)} names nothing: the nearest name is told`, () => assert.equal(unknownName(filter, tracked), says));
}

test("a value without bound or with control characters is told short and escaped, and compared with nothing", () => {
  const told = unknownName({ deployment: `\u001b[2J${"x".repeat(10_000)}` }, tracked) ?? "";
  assert.match(told, /^no tracked Deployment '\\u\{1b\}\[2Jx+…/);
  assert.ok(told.length < 200, told);
});
