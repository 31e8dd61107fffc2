/** How the operator shows itself to git hosts over https. A login that was refused is not tried again at once: hosts shut out an address for failed ones. */
import type { GitHubApp, TokenLogin } from "../../../core/git-ports.ts";
import type { Repository, SecretRef } from "../../../core/types.ts";
import { RightMissing } from "../../../errors.ts";
import { unlessAborted } from "../../../sharing/unless-aborted.ts";
import type { CredentialConnections, UsedDispatcher } from "../../egress/credential-connections.ts";
import type { AppTokens } from "../../forge/app-tokens.ts";
import type { GitService } from "../../ssh/git-command.ts";
import { createSshLogins } from "../../ssh/ssh-logins.ts";

/** Of one conversation. */
export interface HttpsLogin extends UsedDispatcher {
  readonly kind: "token" | "app";
  /** Where it is from. */
  readonly secret: SecretRef;
  /** The field `authorization`. */
  authorization(): Promise<string>;
  /** Another one after that was refused; undefined: there is none. */
  renewed(): Promise<string | undefined>;
  /** Runs the first question, by which it is found out whether the host takes the login: `git_denied` says that it does not. */
  logIn<T>(ask: () => Promise<T>): Promise<T>;
}

export interface HttpsAccess {
  open(key: TokenLogin | GitHubApp, about: About): HttpsLogin;
}

interface About {
  readonly repository: Repository;
  readonly service: GitService;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Whom GitHub takes for the user of an App's token. */
const APP_USER = "x-access-token";

export function createHttpsAccess({
  apps,
  connections,
}: {
  readonly apps: AppTokens;
  readonly connections: CredentialConnections;
}): HttpsAccess {
  const logIn = createSshLogins();

  function openWith(key: TokenLogin | GitHubApp, { repository, service, signal }: About) {
    if (key.kind === "token") return { authorization: async () => basic(key.username, key.password), renewed: async () => undefined };
    const right = service === "git-receive-pack" ? "contents:write" : "contents:read";
    let token: string | undefined;
    const another = async () => {
      token = await apps.token(key, repository, right, signal, token);
      return basic(APP_USER, token);
    };
    return { authorization: another, renewed: another };
  }

  return {
    open(key, about) {
      const { repository, namespace, signal } = about;
      const login = { host: `${repository.host}:${repository.port}`, user: "", key, namespace };
      return {
        ...{ ...connections.use(key), ...openWith(key, about), kind: key.kind, secret: key.secret },
        logIn: async (ask) => {
          const known = (error: unknown) => (error instanceof RightMissing ? () => Promise.reject(error) : Promise.reject(error));
          const answer = await unlessAborted(
            logIn(login, () => ask().then((value) => () => Promise.resolve(value), known)),
            signal,
          );
          return answer();
        },
      };
    },
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
