import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommandLine } from "../../src/command-line.ts";
import { check } from "./command.ts";
import { deploymentYaml } from "./deployment-yaml.ts";

// S9
test("hostile files are bounded in time and output, and can't draw on the terminal", async () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi".replace(/./g, (key) => {
    const before = String.fromCharCode(key.charCodeAt(0) - 1);
    return `${key}: &${key} [${Array(9).fill(`*${before}`).join(",")}]\n`;
  })}`;
  const control = "\u001b[2J\u202e\u0007\n  ok              all is well";
  const hostile: Record<string, [string | Uint8Array, RegExp]> = {
    "a large annotation": [deploymentYaml("shop", { app_repository: "x".repeat(1_000_000) }), /app_repository is longer than 2048 bytes/],
    "a large name": [deploymentYaml("x".repeat(900_000)), /… \(\d+ characters\)/],
    "a large unknown key": [deploymentYaml("shop", { ["k".repeat(500_000)]: "v" }), /gitops\.operator\.k{63} is unknown/],
    "too large": [deploymentYaml("shop", { app_repository: "x".repeat(2_000_000) }), /larger than 1 MiB/],
    "an alias bomb": [`${bomb}---\n${deploymentYaml("shop")}`, /aliases multiply without end/],
    "an alias without anchor": ["a: *nothing", /an alias has no anchor before it/],
    "a List that holds itself": ["&list\nkind: List\nitems: [*list]\n", /too complex|multiply without end/],
    "a deep nest": ["[".repeat(50_000), /nested deeper than 100 levels/],
    "control characters": [
      deploymentYaml(`shop${control}`, { [control]: control, image_name: control, deployment_path: `a/${control}` }, control),
      /\\u\{1b\}\[2J\\u\{202e\}/,
    ],
    "an odd prototype": [deploymentYaml("shop").replace('"spec"', '"__proto__": {"kind": "x"}, "spec"'), /no problems/],
    "no UTF-8": [Buffer.from([0xff, 0xfe, 0x00]), /is not UTF-8 text/],
  };
  for (const [name, [file, expected]] of Object.entries(hostile)) {
    const { lines } = await check(file);
    assert.match(lines.join("\n"), expected, name);
    assert.ok(lines.join("\n").length < 20_000, `${name} is answered at length`);
    for (const line of lines) assert.match(line, /^[^\p{Cc}\p{Cf}]*$/u, name);
    assert.ok(!lines.includes("  ok              all is well"), name);
  }
});

test("standard input without an end is left unread after what a manifest may have", async () => {
  let bytes = 0;
  const lines: string[] = [];
  const endless = async function* () {
    for (; bytes < 2 ** 24; bytes += 2 ** 16) yield Buffer.alloc(2 ** 16, "# ");
  };
  const code = await runCommandLine(["check", "-f", "-"], {
    ...{ env: {}, stdin: endless(), isInteractive: false, printError: () => {} },
    print: (line) => void lines.push(line),
  });
  assert.equal(code, 1);
  assert.match(lines.join(""), /larger than 1 MiB/);
  assert.ok(bytes <= 2 ** 20 + 2 ** 16);
});

test("a secret that someone wrote into an annotation is not repeated", async () => {
  const token = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;
  const { lines } = await check(deploymentYaml("shop", { app_repository: `https://robot:${token}@github.com/team/shop`, [token]: "x" }));
  assert.ok(!lines.join("\n").includes(token));
});
