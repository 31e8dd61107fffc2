/** Whether a page of another origin has made a browser ask: it may not start work in the name of whoever looks at it (docs/ASSURANCE.md, S14). */
import type { IncomingHttpHeaders } from "node:http";

/** Why it is refused; undefined: it is not a browser's, or the browser says that this origin's own page or a person asked. */
export function foreignPage(method: string, headers: IncomingHttpHeaders): string | undefined {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined)
    return site === "same-origin" || site === "none"
      ? undefined
      : "a page of another origin asked; use the button of the operator's own page, /status";
  // Browsers say the above only where the page came over https or from this machine. With POST they always say the origin.
  if (origin !== undefined && hostOf(origin) !== host)
    return "a page of another origin asked; use the button of the operator's own page, /status";
  const isBrowser = /^mozilla\//i.test(headers["user-agent"] ?? "");
  if (isBrowser && origin === undefined && method !== "POST")
    return "a browser did not say which page asked; use the button of the operator's own page, /status, or POST";
  return undefined;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
