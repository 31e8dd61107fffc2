/** A Dockerfile as tests read it: instructions by stage; JSON forms and ENV parsed. */
interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Dockerfile {
  /** Build arguments before the first stage, with their defaults. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

export function parseDockerfile(text: string): Dockerfile {
  const lines = text.replace(/^\s*#.*\n/gm, "").replace(/\\\n\s*/g, "");
  const args: Record<string, string> = {};
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const [, name = "", rest = ""] of lines.matchAll(/^(\w+)\s+(.*)$/gm)) {
    const stage = stages.at(-1);
    if (name === "FROM") {
      const [base = "", , as] = rest.replace(/--\S+\s+/g, "").split(/\s+/);
      stages.push({ base: base.replace(/^\$\{(\w+)\}$/, (_, arg) => args[arg] ?? ""), name: as, instructions: [] });
    } else if (stage) stage.instructions.push({ name, text: rest });
    else if (name === "ARG") args[rest.split("=")[0] ?? ""] = rest.slice(rest.indexOf("=") + 1);
  }
  return { args, stages };
}

export function last(stage: Stage | undefined, name: string): string {
  return stage?.instructions.findLast((instruction) => instruction.name === name)?.text ?? "";
}

export function environment(stage: Stage | undefined): Record<string, string> {
  const pairs = (stage?.instructions ?? []).filter(({ name }) => name === "ENV").flatMap(({ text }) => text.trim().split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}
