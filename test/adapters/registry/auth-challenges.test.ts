import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthChallenges } from "../../../src/adapters/registry/auth-challenges.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";

const parse = (header: string | string[] | undefined) =>
  parseAuthChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

const cases: [header: string | string[] | undefined, expected: unknown[]][] = [
  [undefined, []],
  ["", []],
  ["Basic", [["basic", {}]]],
  ['Basic realm="a b"', [["basic", { realm: "a b" }]]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/app:pull,push"',
    [["bearer", { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:library/app:pull,push" }]],
  ],
  ['bearer Realm = "x" , SERVICE=plain', [["bearer", { realm: "x", service: "plain" }]]],
  [
    'Basic realm="one, two", Bearer realm="three",service="a=b"',
    [
      ["basic", { realm: "one, two" }],
      ["bearer", { realm: "three", service: "a=b" }],
    ],
  ],
  [
    'Negotiate, Bearer realm="x"',
    [
      ["negotiate", {}],
      ["bearer", { realm: "x" }],
    ],
  ],
  [
    'Negotiate YIIJvQ==, Basic realm="x"',
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  [
    ['Basic realm="a"', 'Bearer realm="b"'],
    [
      ["basic", { realm: "a" }],
      ["bearer", { realm: "b" }],
    ],
  ],
  ['Bearer realm="say \\"hi\\", a\\\\b"', [["bearer", { realm: 'say "hi", a\\b' }]]],
  ['Bearer realm="first",realm="second"', [["bearer", { realm: "first" }]]],
  ['Bearer scope="repository:a:pull repository:b:pull"', [["bearer", { scope: "repository:a:pull repository:b:pull" }]]],
  [', ,Bearer realm="x",,service="y",', [["bearer", { realm: "x", service: "y" }]]],
  ['Bearer realm="never closed', [["bearer", {}]]],
  ["Bearer realm=", [["bearer", {}]]],
  ['realm="x"', []],
  [
    'Bearer __proto__="x",realm="y"',
    [
      [
        "bearer",
        Object.fromEntries([
          ["__proto__", "x"],
          ["realm", "y"],
        ]),
      ],
    ],
  ],
];
for (const [header, expected] of cases) test(`${JSON.stringify(header)} is read`, () => assert.deepEqual(parse(header), expected));

test("a header of one thing repeated is read in linear time", async () => {
  for (const part of ['"', "\\", " ", ",", "a", "a=", 'a="', "Bearer ", "= "]) {
    const growth = await growthOf(2_048, (count) => parseAuthChallenges(part.repeat(count)));
    assert.ok(growth < MOST_GROWTH, `${growth} times for ${part}`);
  }
});
