import type { FilePattern } from "./types.ts";

/** Of one target, also of those that its patterns lead to. */
export const mostFiles = 50;

/** In lower case: of files that a pattern finds only those that end in one of them are looked at. */
export const manifestEndings: readonly string[] = [".yaml", ".yml", ".json"];

/** It may lead to several files, or to none. */
export function isPattern({ path }: FilePattern): boolean {
  return path.includes("*");
}

/** As a message names them. */
export function filesInWords(files: readonly FilePattern[]): string {
  return files.map(({ path, at }) => (at === undefined ? path : `${path}#${at}`)).join(", ");
}
