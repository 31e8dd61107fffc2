/** What a forge says where it refuses, in each of the forms that forges have for it. */
import { z } from "zod";
import { escapeControl } from "../../text/escape.ts";
import { parseJson } from "../../text/parse-json.ts";

/** The others are not looked at: a thousand times as dear as to read their JSON is to say of each what is wrong with it. */
function firstOf<Item extends z.ZodType>(item: Item) {
  return z.preprocess((list) => (Array.isArray(list) ? list[0] : undefined), item);
}

/** The same of GitLab's lists, and of those that it keeps by fields. */
function firstWithin<Item extends z.ZodType>(item: Item) {
  const first = (value: unknown) => (value !== null && typeof value === "object" ? Object.values(value)[0] : value);
  return z.preprocess((value) => first(first(value)), item);
}

const message = z.object({ message: z.string() });
/** In the order in which the forges have them. */
const refusals = [
  z.object({ message: z.string(), errors: firstOf(message) }).transform((said) => `${said.message}: ${said.errors.message}`),
  message.transform((said) => said.message),
  z.object({ error: message }).transform(({ error }) => error.message),
  z.object({ errors: firstOf(message) }).transform(({ errors }) => errors.message),
  z.object({ error_description: z.string() }).transform((said) => said.error_description),
  z.object({ error: z.string() }).transform((said) => said.error),
  z.object({ message: firstWithin(z.string()) }).transform((said) => said.message),
  z.object({ error: firstWithin(z.string()) }).transform((said) => said.error),
];

/** The forge's own words, which often name the missing permission. `secrets`: that they may not repeat. */
export function said(text: string, secrets: readonly string[] = []): string {
  const json = parseJson(text);
  for (const schema of refusals) {
    const { data } = schema.safeParse(json);
    if (data) return `: ${escapeControl(secrets.reduce((left, secret) => left.replaceAll(secret, "…"), data).slice(0, 200))}`;
  }
  return "";
}
