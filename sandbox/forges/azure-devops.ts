/** Azure DevOps' list of commit statuses: learn.microsoft.com/rest/api/azure/devops/git/statuses/list, and what it does instead of refusing. */
import { bodyProblem, count, type ForgeApiOptions, type ForgeReply, json, secondsUntil, unknownKey, xRateLimit } from "../forge-api.ts";
import { azurePulls } from "./azure-pulls.ts";
import { type BuildsApi, startBuildsApi } from "./builds.ts";

const statusesPath = /^\/([^/]+)\/([^/]+)\/_apis\/git\/repositories\/([^/]+)\/commits\/([0-9a-f]{40})\/statuses$/;
const signIn = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>";
const signInUrl = "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com";

export function startAzureDevops(options: ForgeApiOptions = {}): Promise<BuildsApi> {
  return startBuildsApi(
    (buildsOf, put) => ({
      /** Strangers are led to a page to sign in; a token that is none gets that page. */
      refuseLogin({ headers }, token) {
        const [, login] = /^Basic (.+)$/.exec(String(headers.authorization ?? "")) ?? [];
        if (token === undefined || (login !== undefined && Buffer.from(login, "base64").toString() === `:${token}`)) return undefined;
        if (login === undefined) return { status: 302, body: "", headers: { location: signInUrl } };
        return { status: 203, body: signIn, headers: { "content-type": "text/html; charset=utf-8" } };
      },
      limited: (limit) => ({ ...refusal(429, "TF400733: The request has been canceled"), headers: { "retry-after": secondsUntil(limit) } }),
      rateHeaders: (limit) => (limit.remaining <= 1 ? xRateLimit(limit) : {}),
      write(path, body, url) {
        const [, organisation, project, name, sha = ""] = statusesPath.exec(path) ?? [];
        const repository = [organisation, project, name].map((part) => decodeURIComponent(part ?? "")).join("/");
        if (!buildsOf(repository)) return undefined;
        const problem = bodyProblem(body, {
          state: { words: ["pending", "succeeded", "failed", "error", "notApplicable", "notSet"] },
          ...{ context: {}, description: { optional: true }, targetUrl: { optional: true } },
        });
        const { name: context = "" } = body.context as { name?: string };
        if (problem !== undefined || context === "" || url.searchParams.get("api-version") !== "7.1") {
          return refusal(400, problem ?? "context.name or api-version is wrong");
        }
        put(repository, sha, { state: String(body.state), name: context, text: String(body.description) });
        return json(201, { id: 1, state: body.state });
      },
      serve(path, url): ForgeReply {
        const [, organisation, project, name, sha] = statusesPath.exec(path) ?? [];
        const buildsAt = buildsOf([organisation, project, name].map((part) => decodeURIComponent(part ?? "")).join("/"));
        if (!buildsAt || sha === undefined) return refusal(404, `TF200016: The following project does not exist: ${project}.`);
        const unknown = unknownKey(url, ["api-version", "latestOnly", "top", "skip"]);
        const [top, skip] = [count(url, "top", 1_000), count(url, "skip", 0)];
        if (unknown !== undefined || url.searchParams.get("api-version") !== "7.1" || Number.isNaN(top + skip)) {
          return refusal(400, `${unknown ?? "api-version, top or skip"} is wrong`);
        }
        const value = buildsAt(sha)
          .slice(skip, skip + top)
          .map(({ state, name: context = "build", text: description = "" }, index) => ({
            id: index + 1,
            state,
            description,
            context: { name: context, genre: "continuous-integration" },
          }));
        return json(200, { value, count: value.length });
      },
    }),
    azurePulls,
    options,
  );
}

function refusal(status: number, message: string): ForgeReply {
  return json(status, { $id: "1", innerException: null, message, typeKey: "VssServiceException" });
}
