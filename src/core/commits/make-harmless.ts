import { cut } from "../../text/cut.ts";
import { unprintables } from "../../text/escape.ts";

/** More is not looked at. */
const MOST_READ = 1000;

/**
 * Words of others, so that nothing acts on them: forges read mentions (`@team`) and what closes issues (`fixes #1`, `closes PROJ-1`, an
 * issue's URL), CI systems read orders (`[skip ci]`, `***NO_CI***`, `skip-checks: true`). Readable still, one line, and never a line's start,
 * so no trailer either.
 */
export function makeHarmless(text: string, most = 120): string {
  const line = text
    .slice(0, MOST_READ)
    .replace(/\s+/g, " ")
    .replace(unprintables, "")
    .replace(/[*`]/g, "")
    .replace(/[[{<]/g, "(")
    .replace(/[\]}>]/g, ")")
    .replace(/skip-checks/gi, "skip checks")
    .replace(/:\/\//g, ": //")
    .replace(/([@#!&%$~])(?=\S)/g, "$1 ")
    .replace(/-(?<=[Gg][Hh]-|[A-Z][A-Z0-9_]*-)(?=\d)/g, " ")
    .trim();
  return cut(line, most) || "(empty)";
}
