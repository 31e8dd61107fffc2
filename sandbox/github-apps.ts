/** GitHub Apps on loopback: who signs as one gets tokens for what its installation has. Every field is looked at, more strictly than GitHub does. */
import { type KeyObject, randomBytes, verify } from "node:crypto";
import { type ForgeReply, json } from "./forge-api.ts";

/** `OWNER/NAME` as it is below the git host's root, `team/app.git`; `read`, `write` as of a key. */
interface AppAccess {
  readonly read?: readonly string[];
  readonly write?: readonly string[];
}

export interface SandboxApp {
  readonly appId: string;
  readonly installationId: string;
  /** May be changed. */
  access: AppAccess;
  /** What it has beside the contents, `statuses:write`; writing includes reading. May be changed. */
  permissions: readonly string[];
}

export interface AppToken {
  readonly app: SandboxApp;
  /** Without the owner, which is the installation's. */
  readonly repository: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly endsAt: number;
}

const both = JSON.stringify({ contents: "write", pull_requests: "write" });

export type GitHubApps = ReturnType<typeof createGitHubApps>;

const LONGEST_SECONDS = 600;
const allPermissions: readonly string[] = [
  ...["actions:read", "statuses:read", "statuses:write", "deployments:read", "deployments:write"],
  ...["pull_requests:read", "pull_requests:write"],
];

export function createGitHubApps() {
  const apps = new Map<string, { readonly app: SandboxApp; readonly publicKey: KeyObject }>();
  const tokens = new Map<string, AppToken>();
  const made: AppToken[] = [];
  const texts: string[] = [];
  let lifeMs = 3_600_000;

  /** Undefined: it is right. */
  function refuseJwt(header: string, app: SandboxApp, publicKey: KeyObject): string | undefined {
    const [, head = "", payload = "", signature = ""] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(header) ?? [];
    if (!verify("RSA-SHA256", Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, "base64url"))) {
      return "A JSON web token could not be decoded";
    }
    const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const { iat, exp, iss, ...others } = read(payload);
    const now = Date.now() / 1_000;
    if (JSON.stringify(read(head)) !== '{"alg":"RS256","typ":"JWT"}' || Object.keys(others).length > 0) return "an odd JSON web token";
    if (iss !== app.appId) return "'Issuer' claim ('iss') must be the App's";
    if (!(iat <= now)) return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    if (!(exp > now && exp <= now + LONGEST_SECONDS && exp - iat <= LONGEST_SECONDS))
      return "'Expiration time' claim ('exp') is too far in the future";
    return undefined;
  }

  function refuseScope(
    body: string,
    { access, permissions: all }: SandboxApp,
  ): string | { repository: string; permissions: Record<string, string> } {
    const { repositories, permissions, ...others } = JSON.parse(body);
    if (!Array.isArray(repositories) || repositories.length !== 1 || Object.keys(others).length > 0)
      return "not narrowed to one repository";
    const asked = Object.entries(permissions ?? {}) as [string, string][];
    // What is merged by itself is a request and a change of the contents.
    if (asked.length !== 1 && JSON.stringify(permissions) !== both) return "not narrowed to one permission";
    const [repository] = repositories;
    const isNamed = (paths: readonly string[] = []) => paths.some((path) => path.split("/").at(-1) === `${repository}.git`);
    const isAll = access.read === undefined && access.write === undefined;
    if (!isAll && !isNamed(access.read) && !isNamed(access.write)) {
      return "There is at least one repository that does not exist or is not accessible to the parent installation.";
    }
    const mayWrite = isAll || isNamed(access.write);
    const isGranted = ([permission, level]: [string, string]) =>
      permission === "contents"
        ? level === "read" || (level === "write" && mayWrite)
        : allPermissions.includes(`${permission}:${level}`) &&
          all.some((one) => [`${permission}:${level}`, `${permission}:write`].includes(one));
    return asked.every(isGranted) ? { repository, permissions } : "The permissions requested are not granted to this installation.";
  }

  return {
    add(publicKey: KeyObject, access: AppAccess): SandboxApp {
      const app: SandboxApp = {
        appId: String(1_000 + apps.size),
        installationId: String(90_000 + apps.size),
        access,
        permissions: allPermissions,
      };
      apps.set(app.installationId, { app, publicKey });
      return app;
    },
    /** Below the API's root; undefined: no question of its. */
    serve(path: string, body: string, authorization: string): ForgeReply | undefined {
      const [, id] = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(path) ?? [];
      if (id === undefined) return undefined;
      const known = apps.get(id);
      if (!known) return json(404, { message: "Not Found" });
      const problem = refuseJwt(authorization, known.app, known.publicKey);
      if (problem !== undefined) return json(401, { message: problem });
      const scope = refuseScope(body, known.app);
      if (typeof scope === "string") return json(422, { message: scope });
      const token = `ghs_${randomBytes(27).toString("base64").replace(/[+/]/g, "x")}`;
      const one = { app: known.app, ...scope, endsAt: Date.now() + lifeMs };
      tokens.set(token, one);
      texts.push(token);
      made.push(one);
      return json(201, {
        token,
        expires_at: new Date(one.endsAt).toISOString(),
        permissions: scope.permissions,
        repository_selection: "selected",
      });
    },
    /** Undefined: it is none, or its time has passed. */
    tokenOf(text: string): AppToken | undefined {
      const token = tokens.get(text);
      return token && token.endsAt > Date.now() ? token : undefined;
    },
    /** None that was made is taken any more. */
    expireAll: () => tokens.clear(),
    /** Of those that are made from now on. */
    setLife(ms: number) {
      lifeMs = ms;
    },
    get all(): readonly SandboxApp[] {
      return [...apps.values()].map(({ app }) => app);
    },
    /** Oldest first. */
    made: made as readonly AppToken[],
    /** Their texts. */
    texts: texts as readonly string[],
  };
}
