type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What `Retry-After` asks for, as seconds or as a date; undefined when there is none, or nothing that can be read. */
export function retryAfterMs(headers: Headers): number | undefined {
  const text = headers["retry-after"];
  if (typeof text !== "string") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - serverNow(headers));
}

/** The server's wall clock, as its dates are meant by it; ours where it does not tell. */
export function serverNow(headers: Headers): number {
  const at = typeof headers.date === "string" ? Date.parse(headers.date) : Number.NaN;
  return Number.isNaN(at) ? Date.now() : at;
}
