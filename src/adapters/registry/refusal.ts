/** Why a registry does not show an image, in words that say what to do next. */
import type { ImageAnswer } from "../../core/ports.ts";
import type { Credentials } from "./docker-config.ts";
import { lifetimeOf } from "./short-lived-login.ts";

/** What a refusal tells of the question. */
export interface ImageQuestion {
  readonly repository: string;
  readonly credentials: Credentials | undefined;
  /** Why no credentials go along, and what would change it. */
  readonly whyAnonymous: string;
}

interface Refusal {
  readonly status: 401 | 403;
  readonly host: string;
  /** Whether the credentials were sent, to the registry or to its token endpoint. */
  readonly wereSent: boolean;
  /** What the server said, as far as it was read; never quoted. */
  readonly text: string;
}

export function denied({ status, host, wereSent, text }: Refusal, { repository, credentials, whyAnonymous }: ImageQuestion): ImageAnswer {
  const say = (what: string, remedy: string): ImageAnswer => ({
    kind: "denied",
    status,
    reason: `${host} ${what} (HTTP ${status}); ${remedy}`,
  });
  if (!credentials) return say(`does not let ${repository} be read without credentials`, whyAnonymous);
  if (!wereSent) {
    return say(
      `does not let ${repository} be read and asks for no login that the credentials are fit for, so they were not sent`,
      "check the registry's URL and the Secret with .dockerconfigjson",
    );
  }
  const lifetime = lifetimeOf(credentials);
  const isExpired = /expired/i.test(text);
  if (lifetime !== undefined || isExpired) {
    const remedy = lifetime ?? "write a new login into the Secret with .dockerconfigjson";
    return say(`does not accept the credentials for ${repository}: the login ${isExpired ? "has" : "may have"} expired`, remedy);
  }
  return say(
    `does not accept the credentials for ${repository}`,
    `check the Secret with .dockerconfigjson and the account's right to pull ${repository}`,
  );
}
