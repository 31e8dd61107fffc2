/** What is told on the application's commit: what the annotations ask for, and what of it the forge can do. */
import type { AnnotationName, AnnotationValues, Options } from "../annotation-names.ts";
import { type ForgeKind, forgeNames, unknownForge } from "../forges.ts";
import type { ReportForm } from "../ports.ts";
import type { ReportSettings } from "../types.ts";
import { type ForgeFacts, forgeAt } from "./at-forge.ts";
import type { Complain } from "./target.ts";

/**
 * A status at GitLab makes a pipeline of its own: while it is pending merge requests wait for it, and once it has failed the operator would take it for
 * a build's. The others have no deployments.
 */
const formsOf: Readonly<Record<ForgeKind, readonly ReportForm[]>> = {
  github: ["status", "deployment"],
  gitlab: ["deployment"],
  gitea: ["status"],
  forgejo: ["status"],
  bitbucket: ["status"],
  "bitbucket-server": ["status"],
  azure: ["status"],
};

const asked: Readonly<Record<Options["report"], readonly ReportForm[]>> = {
  none: [],
  status: ["status"],
  deployment: ["deployment"],
  both: ["status", "deployment"],
};

/** What the forges take, and what looks like a name in a URL of theirs. */
const environmentForm = /^[\p{L}\p{N}][\p{L}\p{N} ._/-]{0,99}$/u;

type AppFacts = Pick<ForgeFacts, "app" | "buildToken">;

/** Undefined: nothing is told. `usual`: the environment where none is named. */
export function readReport(
  { environment = "", environment_url }: AnnotationValues,
  report: Options["report"],
  { app, buildToken, usual }: AppFacts & { readonly usual: string },
  complain: Complain,
): ReportSettings | undefined {
  if (environment !== "" && !environmentForm.test(environment)) {
    complain("environment", "is no name of an environment; write letters, digits, spaces, '.', '_', '/' and '-', at most 100");
  }
  if (environment_url !== undefined && !isWebUrl(environment_url)) {
    complain(
      "environment_url",
      "is no http or https URL without user and password; write where people see it run, for example https://shop.example.com",
    );
  }
  const forge = forgeAt(app);
  if (!forge || !buildToken) return undefined;
  const forms = asked[report].filter((form) => formsOf[forge.kind].includes(form));
  return forms.length === 0 ? undefined : { forms, environment: environment === "" ? usual : environment, environmentUrl: environment_url };
}

/** What of it has no effect; `callIt`: how an annotation is called. */
export function reportWarnings(
  { report = "none" }: AnnotationValues,
  { app, buildToken }: AppFacts,
  callIt: (name: AnnotationName) => string,
): string[] {
  if (report === "none" || !Object.hasOwn(asked, report) || app.kind === "error") return [];
  const noEffect = (why: string) => [`${callIt("report")} has no effect: ${why}`];
  const { forge } = app;
  if (!forge) return noEffect(unknownForge(app.repository.host));
  if (!buildToken) return noEffect("no token is named; name one that may write by gitops.operator.forge_token_secret_name");
  const possible = formsOf[forge.kind];
  const not = asked[report as Options["report"]].filter((form) => !possible.includes(form));
  if (not.length === 0) return [];
  const name = forgeNames[forge.kind];
  const why = not[0] === "status" ? `a status at ${name} would be a pipeline that merge requests wait for` : `${name} has no deployments`;
  return [`${callIt("report")}: no ${not[0]} is told, as ${why}; set it to '${possible[0]}'`];
}

function isWebUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}
