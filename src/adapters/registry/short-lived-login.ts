import type { Credentials } from "./docker-config.ts";

/**
 * The clouds' own user names for tokens that end by themselves, and what is said of them: Amazon ECR "Private registry authentication",
 * Azure "az acr login --expose-token", Google Artifact Registry "Access token".
 */
const LIFETIMES = new Map([
  [
    "AWS",
    "a login of Amazon ECR is good for 12 hours: renew the Secret before that, by a CronJob or by External Secrets (ECRAuthorizationToken)",
  ],
  [
    "00000000-0000-0000-0000-000000000000",
    "such a login of Azure's registry is good for 3 hours: renew the Secret before that, or use a repository token or a service principal",
  ],
  [
    "oauth2accesstoken",
    "an access token of Google Cloud is good for 1 hour: renew the Secret before that, or use a service account's key (user _json_key)",
  ],
]);
const IDENTITY = "an identity token ends by itself: renew the Secret before that, or use a user name and a password that stay";

/** How long a login of this kind is good, and what to do about it; undefined: until somebody changes it. */
export function lifetimeOf(credentials: Credentials): string | undefined {
  return credentials.kind === "identity" ? IDENTITY : LIFETIMES.get(credentials.username);
}
