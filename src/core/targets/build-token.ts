/** The token with which a forge is asked for builds: which of the two annotations names it, and whether it has any effect. */
import type { AnnotationName, AnnotationValues } from "../annotation-names.ts";
import { type Forge, forgeNames, unknownForge } from "../forges.ts";
import type { BuildTokenRef } from "../types.ts";
import type { AtForge } from "./at-forge.ts";
import { namedSecret } from "./named-secret.ts";

/** Undefined: builds are not asked for. `at`: the forge of the application's repository. A token of GitHub's is sent to no other forge. */
export function readBuildToken(
  values: AnnotationValues,
  operatorNamespace: string,
  at: Pick<Forge, "kind"> | undefined,
): BuildTokenRef | undefined {
  if (!at) return undefined;
  const { kind: forge } = at;
  const general = namedSecret(values, "forge_token_secret", operatorNamespace);
  if (general) return { ...general, field: "forge-token", forge };
  const gitHubs = forge === "github" ? namedSecret(values, "github_token_secret", operatorNamespace) : undefined;
  return gitHubs && { ...gitHubs, field: "github-token", forge };
}

/** What is named and has no effect; `app`: the application's repository; `callIt`: how an annotation is called. */
export function buildTokenWarnings(values: AnnotationValues, app: AtForge, callIt: (name: AnnotationName) => string): string[] {
  const { forge_token_secret_name: general, github_token_secret_name: gitHubs } = values;
  if ((general ?? gitHubs) === undefined || app.kind === "error") return [];
  const { forge } = app;
  const { host } = app.repository;
  if (!forge) {
    const named = general === undefined ? "github_token_secret_name" : "forge_token_secret_name";
    return [`${callIt(named)} has no effect: ${unknownForge(host)}, or remove it`];
  }
  if (gitHubs === undefined) return [];
  if (general !== undefined)
    return [`${callIt("github_token_secret_name")} has no effect, as ${callIt("forge_token_secret_name")} is set; remove it`];
  if (forge.kind === "github") return [];
  return [
    `${callIt("github_token_secret_name")} has no effect, as ${host} is ${forgeNames[forge.kind]}; name a token of that by gitops.operator.forge_token_secret_name, in the field forge-token of its Secret`,
  ];
}
