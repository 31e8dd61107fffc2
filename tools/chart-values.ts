/** What is generated of the Helm chart: its values for environment variables, from their one description, and the schema of all its values. */
import { parse } from "yaml";
import { z } from "zod";
import { schema } from "../src/variables.ts";

const MARK = "# GENERATED from src/variables.ts";
const WIDTH = 150;
/** A Secret holds it: component `tenants`, or `extraEnv`. */
const secret = "RECONCILE_TOKEN";

type Variable = [name: string, variable: z.ZodType];

/** But the two older names, which have no description. */
function variables(): Variable[] {
  return Object.entries(schema.shape).filter(([name, { description }]) => description !== undefined && name !== secret);
}

/** manifests/chart/values.yaml with its last part made anew. */
export function withVariables(values: string): string {
  const at = values.indexOf(MARK);
  if (at < 0) throw new Error(`manifests/chart/values.yaml has no line that begins with ${MARK}`);
  const [head = ""] = values.slice(at).split("\nenv:");
  return `${values.slice(0, at)}${head}\nenv:\n${variables().map(valueText).join("")}`;
}

function valueText([name, variable]: Variable): string {
  const meta = variable.meta() as { readonly unset?: string } | undefined;
  const usual = meta?.unset?.replaceAll("`", "") ?? (z.toJSONSchema(variable, { io: "output", unrepresentable: "any" }).default as unknown);
  const unset = usual === undefined || (Array.isArray(usual) && usual.length === 0) ? "none" : String(usual);
  // Links lead somewhere from docs/ alone.
  const words = `${variable.description?.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")} [${unset}]`.split(" ");
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length < WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(` ${word}`);
  }
  return `${lines.map((line) => `  #${line}\n`).join("")}  ${name}: ""\n`;
}

type Schema = Readonly<Record<string, unknown>>;

/** Maps that take what Kubernetes takes there; all others know their keys, so a misspelt one is told. */
const open = ["resources", "podSecurityContext", "securityContext", "ingressAnnotations", "labels"];

/** manifests/chart/values.schema.json: of each value the kind that it has in values.yaml. */
export function valuesSchema(values: string): string {
  const { env: _, ...others } = parse(values) as Record<string, unknown>;
  const known = schemaOf("", others);
  const env = Object.fromEntries(variables().map(([name, variable]) => [name, variableSchema(variable)]));
  const properties = { global: { type: "object" }, ...(known.properties as object), env: closed(env) };
  return `${JSON.stringify({ $schema: "http://json-schema.org/draft-07/schema#", ...known, properties }, null, 2)}\n`;
}

function schemaOf(key: string, value: unknown): Schema {
  if (key === "maxUnavailable") return { type: ["integer", "string"] };
  if (Array.isArray(value)) return { type: "array", ...(typeof value[0] === "string" && { items: { type: "string" } }) };
  if (typeof value === "number") return { type: "integer" };
  if (typeof value !== "object" || value === null) return { type: typeof value };
  const entries = Object.entries(value);
  if (entries.length === 0 || open.includes(key)) return { type: "object" };
  return closed(Object.fromEntries(entries.map(([name, of]) => [name, schemaOf(name, of)])));
}

function closed(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", additionalProperties: false, properties };
}

function variableSchema(variable: z.ZodType): Schema {
  const { enum: words, pattern } = z.toJSONSchema(variable, { io: "input", unrepresentable: "any" });
  // Unquoted, YAML reads true and false as what they say, and on and off as well: those two are then told here.
  if (words) return { enum: ["", ...words, ...(words.includes("true") ? [true, false] : [])] };
  return pattern === "^\\d+$" ? { type: ["integer", "string"], pattern: "^\\d*$" } : { type: "string" };
}
