import { asReconcileError } from "../../errors.ts";
import type { ForgeLogin } from "../ports.ts";
import type { BuildTokenRef, SecretRef, Target } from "../types.ts";

export interface BuildToken {
  readonly ref: SecretRef;
  readonly login: ForgeLogin;
}

export interface TokenReader {
  readonly target: Target;
  /** Of a Secret that this Deployment may name and that is not bound to others' repositories. */
  readonly readForgeLogin: (token: BuildTokenRef) => Promise<ForgeLogin>;
  readonly warn: (message: string, error: unknown) => void;
  /** Whether builds can be asked for with the token that is named: why not, or undefined. */
  readonly onBuildToken: (problem: string | undefined) => void;
}

interface ReadToken {
  /** Undefined: builds are not asked for. */
  readonly token: BuildToken | undefined;
  /** Why, behind the words for an image that is not there; empty where nobody has named a token. */
  readonly unasked: string;
}

/** A token that can't be used costs the state of builds and nothing else, and is told wherever that is missing. */
export async function readBuildToken({ target, readForgeLogin, warn, onBuildToken }: TokenReader): Promise<ReadToken> {
  if (!target.buildToken) return { token: undefined, unasked: "" };
  const { namespace, name } = target.buildToken;
  try {
    const login = await readForgeLogin(target.buildToken);
    onBuildToken(undefined);
    return { token: { ref: { namespace, name }, login }, unasked: "" };
  } catch (error) {
    const { message } = asReconcileError(error);
    warn("The token for builds can't be used: no build status", error);
    onBuildToken(message);
    return { token: undefined, unasked: `; its build was not asked for: ${message}` };
  }
}
