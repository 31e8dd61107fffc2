/** The token with which a forge is asked for builds: which of the two annotations names it, and whether it has any effect. */
import type { AnnotationName, AnnotationValues } from "../annotation-names.ts";
import { type Forge, forgeNames, forgeOf } from "../forges.ts";
import { parseRepository } from "../repository.ts";
import type { BuildTokenRef } from "../types.ts";

/** Undefined: builds are not asked for. `at`: the forge of the application's repository. A token of GitHub's is sent to no other forge. */
export function readBuildToken(
  values: AnnotationValues,
  operatorNamespace: string,
  at: Pick<Forge, "kind"> | undefined,
): BuildTokenRef | undefined {
  if (!at) return undefined;
  const { kind: forge } = at;
  const { forge_token_secret_name: general, github_token_secret_name: gitHubs } = values;
  if (general !== undefined) {
    return { namespace: values.forge_token_secret_namespace ?? operatorNamespace, name: general, field: "forge-token", forge };
  }
  if (gitHubs === undefined || forge !== "github") return undefined;
  return { namespace: values.github_token_secret_namespace ?? operatorNamespace, name: gitHubs, field: "github-token", forge };
}

/** What is named and has no effect; `callIt`: how an annotation is called. */
export function buildTokenWarnings(values: AnnotationValues, forges: readonly Forge[], callIt: (name: AnnotationName) => string): string[] {
  const { forge_token_secret_name: general, github_token_secret_name: gitHubs } = values;
  const app = parseRepository(values.app_repository ?? "");
  if ((general ?? gitHubs) === undefined || app.kind === "error") return [];
  const { host } = app.repository;
  const forge = forgeOf(forges, app.repository);
  if (!forge) {
    const kinds = Object.keys(forgeNames).join(", ");
    return [
      `${callIt(general === undefined ? "github_token_secret_name" : "forge_token_secret_name")} has no effect: nobody has said which forge ${host} is; let an administrator add ${host}=KIND to FORGES (KIND is one of ${kinds}), or remove it`,
    ];
  }
  if (gitHubs === undefined) return [];
  if (general !== undefined)
    return [`${callIt("github_token_secret_name")} has no effect, as ${callIt("forge_token_secret_name")} is set; remove it`];
  if (forge.kind === "github") return [];
  return [
    `${callIt("github_token_secret_name")} has no effect, as ${host} is ${forgeNames[forge.kind]}; name a token of that by gitops.operator.forge_token_secret_name, in the field forge-token of its Secret`,
  ];
}
