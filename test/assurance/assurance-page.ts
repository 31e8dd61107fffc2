/** docs/ASSURANCE.md, made from the requirements and the tests that are marked with them. */
import type { MarkedTest } from "./marked-tests.ts";
import { type Requirement, sections } from "./requirements.ts";

const head = `# Assurance: which tests show what

Made by \`npm run docs\` from the tests and \`test/assurance/requirements.ts\`; don't edit it by hand. A comment line directly above a test names
what the test shows: \`// P1, S10\`. [SECURITY.md](../SECURITY.md) has the promises in plain words.

P are promises, S attacks, F faults; numbers that are not here belong to features that are not built. In a test's name \`…\` stands for what differs from case to case.
Beside these tests \`npm run fuzz\` tries random input for longer, and \`npm run soak\` mixes faults, kills, other writers and callers and then audits the repositories.
Clocks that jump (F42) are shown with \`Date\`; the kernel's clock is not set.
`;

export function assurancePage(tests: readonly MarkedTest[]): string {
  const parts = sections.flatMap(([heading, requirements]) => [
    `## ${heading}\n`,
    ...Object.entries(requirements).map(([id, requirement]) => entry(id, requirement, tests)),
  ]);
  return [head, ...parts].join("\n");
}

function entry(id: string, { what, answer, also }: Requirement, tests: readonly MarkedTest[]): string {
  const text = answer === undefined ? what : `**${what}.** ${answer}`;
  const shown = tests.filter(({ ids }) => ids.includes(id)).map(({ name, path }) => `- [${escaped(name)}](../${path})`);
  const more = also === undefined ? [] : [`- ${also}`];
  return `### ${id}\n\n${text}\n\n${[...shown, ...more].join("\n")}\n`;
}

/** For the text of a Markdown link. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<]/g, "\\$&");
}
