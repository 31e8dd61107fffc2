/** How the shapes of events are written down. A sender may add what it likes; what is not read here is never looked at. */
import { z } from "zod";
import type { Hint } from "./hint.ts";

/** Undefined: the event has another shape. */
export type ReadShape = (body: unknown) => Hint | undefined;

/** Longer than any address, branch or image. */
const MOST_CHARACTERS = 2_048;
/** Of a list; the rest is not looked at. */
const MOST_ITEMS = 50;

export const text = z.string().max(MOST_CHARACTERS);
/** What is no such text counts as not there. */
export const maybe = text.optional().catch(undefined);

export function list<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (Array.isArray(value) ? value.slice(0, MOST_ITEMS) : value), z.array(item));
}

export function shape<T extends z.ZodType>(schema: T, hintOf: (event: z.infer<T>) => Hint | undefined): ReadShape {
  return (body) => {
    const parsed = schema.safeParse(body);
    return parsed.success ? hintOf(parsed.data) : undefined;
  };
}
