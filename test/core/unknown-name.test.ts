import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "../../src/core/types.ts";
import { unknownName } from "../../src/core/unknown-name.ts";
import { leastCpuMs } from "../growth.ts";

const tracked: Workload[] = [
  { kind: "Deployment", namespace: "default", name: "shop" },
  { kind: "Deployment", namespace: "default", name: "billing" },
  { kind: "Deployment", namespace: "team-a", name: "web" },
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

test("thousands of tracked names cost a call with an unknown one little more than hundreds: anybody may call", async () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      kind: "Deployment" as const,
      namespace: "default",
      name: `${"a".repeat(58)}${String(index).padStart(5, "0")}`,
    }));
  const [hundreds, thousands] = [many(250), many(5_000)];
  const near = "a".repeat(63);
  assert.match(unknownName({ deployment: near }, hundreds) ?? "", /did you mean 'a+00000'/);
  const cost = (names: typeof hundreds) => leastCpuMs(() => unknownName({ deployment: near }, names));
  assert.ok((await cost(thousands)) < 4 * (await cost(hundreds)));
});

test("among thousands of names the nearest is still told where one namespace was asked", () => {
  const many = Array.from({ length: 5_000 }, (_, index) => ({
    ...{ kind: "Deployment" as const, namespace: `team-${index % 50}`, name: `app-${index}` },
  }));
  assert.match(unknownName({ namespace: "team-7", deployment: "app-1O7" }, many) ?? "", /did you mean 'app-107'/);
});
