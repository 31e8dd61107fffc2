import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";

/** The documented schema; here a field that it does not name is wrong too. */
export async function compileSchema() {
  const closed = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(closed);
    if (typeof schema !== "object" || schema === null) return schema;
    const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
    return "properties" in schema && "required" in schema ? { ...inner, additionalProperties: false } : inner;
  };
  const schema = JSON.parse(await readFile("docs/check-output.schema.json", "utf8")) as object;
  return new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(closed(schema) as object);
}
