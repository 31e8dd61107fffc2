import type { FilePattern } from "./types.ts";

/** Of one target, also of those that its patterns lead to. */
export const mostFiles = 50;

/** It may lead to several files, or to none. */
export function isPattern({ path }: FilePattern): boolean {
  return path.includes("*");
}

/** As a message names them. */
export function filesInWords(files: readonly FilePattern[]): string {
  return files.map(({ path, at }) => (at === undefined ? path : `${path}#${at}`)).join(", ");
}
