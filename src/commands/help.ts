import { type CommandName, commandNames, commandOf } from "./commands.ts";

const COLUMNS = 110;
const INDENT = 26;

/** Of all commands, or of one. */
export function helpText(name?: CommandName): string {
  if (name === undefined) {
    const rows = commandNames.map((one) => row(`  ${one}`, commandOf(one).summary, 12));
    const usage = "usage: gitops-operator COMMAND [OPTIONS]";
    const rest = "gitops-operator COMMAND --help tells the options of a command, gitops-operator --version the version.";
    return [usage, "", ...rows, "", rest].join("\n");
  }
  const { summary, usage, more, options } = commandOf(name);
  const rows = Object.entries(options).map(([long, { short, value, meaning }]) => {
    const names = `  ${short === undefined ? "    " : `-${short}, `}--${long}${value === undefined ? "" : ` ${value}`}`;
    return row(names, meaning, INDENT);
  });
  const paragraphs = [`usage: gitops-operator ${usage}`, wrapped(summary, 0), rows.join("\n"), more === undefined ? "" : wrapped(more, 0)];
  return paragraphs.filter((text) => text !== "").join("\n\n");
}

function row(label: string, text: string, indent: number): string {
  return `${label.padEnd(indent)}${label.length < indent ? "" : `\n${" ".repeat(indent)}`}${wrapped(text, indent)}`;
}

/** The first line begins at the indent too. */
function wrapped(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && indent + line.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
