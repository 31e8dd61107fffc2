/** What may be asked of a git server: nothing but what it has offered (gitprotocol-capabilities(5)). Azure DevOps, CodeCommit and others refuse the rest. */
import { ReconcileError } from "../../../errors.ts";

export const AGENT = "agent=gitops-operator";

/** Of each row the first that was offered, if any. `offered`: words or lines as the server wrote them, `name` or `name=value`. */
export function chooseCapabilities(offered: readonly string[], wanted: readonly (readonly string[])[]): string[] {
  const names = new Set(offered.map(nameOf));
  return wanted.flatMap((row) => row.find((capability) => names.has(nameOf(capability))) ?? []);
}

/** The words behind `name=`. */
export function valuesOf(offered: readonly string[], name: string): string[] {
  return (offered.find((capability) => nameOf(capability) === name) ?? "").slice(name.length + 1).split(" ");
}

/** `git_protocol` when none of them was offered. */
export function requireCapability(offered: readonly string[], ...alternatives: readonly string[]): void {
  if (chooseCapabilities(offered, [alternatives]).length > 0) return;
  throw new ReconcileError(
    "git_protocol",
    `the git server does not offer '${alternatives[0]}', without which nothing can be fetched; it must be git 1.8 or one that can as much`,
  );
}

function nameOf(capability: string): string {
  return capability.split("=", 1)[0] ?? "";
}
