/** `npm run bench`: the rows of the contract's §9 and how cost grows, measured on the built program beside its peers. */
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { sshdAvailable } from "../test/openssh.ts";
import { type Finding, isMet, type Settings } from "./row.ts";
import { rows } from "./rows.ts";
import { median } from "./sample.ts";
import { tableHead, tableLine } from "./table.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    json: { type: "string", default: "bench/results/latest.json" },
  },
});
const chosen = rows.filter(({ name }) => !values.only || values.only.some((part) => name.startsWith(part)));
if (chosen.length === 0) fail(`no such row; there are ${rows.map(({ name }) => name).join(", ")}`);
const missing = sshdAvailable();
if (missing) fail(`${missing}; the bench needs OpenSSH's server (Debian: apt-get install openssh-server)`);

const settings: Settings = { quick: values.quick, runs: Number(values.runs ?? (values.quick ? 1 : 7)) };
const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model, at: new Date().toISOString() };
const findings: (Finding & { row: string })[] = [];
console.log(`node ${machine.node}, ${machine.cpus} CPUs (${machine.cpu}), ${settings.runs} runs each${settings.quick ? ", quick" : ""}\n`);
console.log(tableHead());
for (const row of chosen) {
  for await (const finding of row.measure(settings)) {
    findings.push({ row: row.name, ...finding });
    console.log(tableLine(finding));
  }
}
await mkdir(new URL("results", import.meta.url), { recursive: true });
const facts = findings.map(({ figure, goal, ...rest }) => ({
  ...rest,
  figure: { ...figure, median: median(figure) },
  ...(goal && { goal: { ...goal, met: isMet(goal) } }),
}));
await writeFile(values.json, `${JSON.stringify({ machine, settings, findings: facts }, null, 2)}\n`);
console.log(`\n${values.json} has every single value`);
process.exit(0);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
