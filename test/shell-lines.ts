/** The npm scripts that a shell text starts. */
export function npmScriptsIn(text: string): string[] {
  const run = [...text.matchAll(/\bnpm run (?:--?[\w-]+ )*([\w:-]+)/g)].map(([, script = ""]) => script);
  const short = [...text.matchAll(/\bnpm (?:--?[\w-]+ )*(start|test)\b/g)].map(([, script = ""]) => script);
  return [...run, ...short];
}
