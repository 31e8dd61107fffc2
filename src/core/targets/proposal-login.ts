import { asReconcileError } from "../../errors.ts";
import type { ForgeLogin } from "../ports.ts";
import type { Target } from "../types.ts";
import { type ForgeLoginPorts, readForgeLogin } from "./read-forge-login.ts";

/** With what requests are opened; undefined: with nothing. `why`: the login for builds would do, but can't be used for the manifests. */
export async function readProposalLogin(
  target: Target,
  ports: ForgeLoginPorts,
): Promise<{ readonly login: ForgeLogin | undefined; readonly why?: string }> {
  const token = target.proposal?.token;
  if (!token) return { login: undefined };
  const { isDefault, ...ref } = token;
  try {
    return { login: await readForgeLogin(ref, target.manifestRepository, target, ports, true) };
  } catch (error) {
    // It was named for something else, and whoever did so may not have meant this.
    if (!isDefault) throw error;
    return { login: undefined, why: asReconcileError(error).message };
  }
}
