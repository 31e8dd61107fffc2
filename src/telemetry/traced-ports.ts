/** The outside calls as steps of a trace: ports in, the same ports out. */
import type { Builds, Git, ManifestsBranch, ManifestsCopy, Registry, Secrets } from "../core/ports.ts";
import { branchAttributes, type Span, type SpanOptions, type Tracer } from "../core/tracer.ts";
import type { ErrorCode } from "../errors.ts";

const client: SpanOptions = { kind: "client" };

export function traceSecrets(secrets: Secrets, tracer: Tracer): Secrets {
  return {
    read: (ref, field) =>
      tracer.span(
        "secret read",
        { "k8s.namespace.name": ref.namespace, "k8s.secret.name": ref.name, "gitops_operator.secret.field": field },
        () => secrets.read(ref, field),
        client,
      ),
  };
}

/** A listing that several runs share is a step in each of them: that is what each waited for. */
export function traceGit(git: Git, tracer: Tracer): Git {
  function traceCopy(at: ManifestsBranch, copy: ManifestsCopy): ManifestsCopy {
    const attributes = branchAttributes(at.repository, at.branch);
    const refresh = async (notBefore: number, span: Span) => {
      const tip = await copy.refresh(notBefore);
      span.set({ "vcs.ref.head.revision": tip });
      return tip;
    };
    const push = async (from: string, to: string, span: Span) => {
      const result = await copy.push(from, to);
      span.set({ "gitops_operator.push.result": result.kind });
      if (result.kind === "refused") span.fail({ code: "git_push_refused", message: result.reason });
      return result;
    };
    return {
      holds: copy.holds,
      read: copy.read,
      commit: copy.commit,
      refresh: (notBefore) => tracer.span("git fetch", attributes, (span) => refresh(notBefore, span), client),
      push: (from, to) =>
        tracer.span(
          "git push",
          { ...attributes, "vcs.ref.base.revision": from, "vcs.ref.head.revision": to },
          (span) => push(from, to, span),
          client,
        ),
    };
  }

  return {
    newestCommit: (at, notBefore) =>
      tracer.span(
        "git list",
        branchAttributes(at.repository, at.branch),
        async (span) => {
          const newest = await git.newestCommit(at, notBefore);
          span.set({ "vcs.ref.head.name": newest.branch, "vcs.ref.head.revision": newest.commit.sha });
          return newest;
        },
        client,
      ),
    commitBehind: (at, tip, notBefore, skip) =>
      tracer.span(
        "git look back",
        { ...branchAttributes(at.repository, at.branch), "vcs.ref.base.revision": tip },
        async (span) => {
          const newest = await git.commitBehind(at, tip, notBefore, skip);
          span.set({ "vcs.ref.head.revision": newest.commit.sha });
          return newest;
        },
        client,
      ),
    manifestsBranch(at, notBefore) {
      if (at.branch !== undefined) return git.manifestsBranch(at, notBefore);
      const find = async (span: Span) => {
        const found = await git.manifestsBranch(at, notBefore);
        span.set({ "vcs.ref.head.name": found.branch });
        return found;
      };
      return tracer.span("git find branch", branchAttributes(at.repository, undefined), find, client);
    },
    refreshAhead: git.refreshAhead,
    withManifests: (at, work) => git.withManifests(at, (copy) => work(traceCopy(at, copy))),
  };
}

export function traceRegistry(registry: Registry, tracer: Tracer): Registry {
  const codes: Partial<Record<string, ErrorCode>> = { limited: "registry_limited", unavailable: "registry_unavailable" };
  return {
    check: (image, tag, dockerConfig, wantsDigest) =>
      tracer.span(
        "registry check",
        { "container.image.name": image.repository, "container.image.tags": [tag], "server.address": hostOf(image.registryUrl) },
        async (span) => {
          const answer = await registry.check(image, tag, dockerConfig, wantsDigest);
          span.set({
            "gitops_operator.registry.answer": answer.kind,
            "container.image.repo_digests": answer.kind === "found" && answer.digest !== undefined ? [answer.digest] : undefined,
          });
          const code = codes[answer.kind];
          if (code && "reason" in answer) span.fail({ code, message: answer.reason });
          return answer;
        },
        client,
      ),
  };
}

export function traceBuilds(builds: Builds, tracer: Tracer): Builds {
  return {
    state: (repository, sha, token) =>
      tracer.span(
        "build status",
        {
          "vcs.repository.url.full": branchAttributes(repository, undefined)["vcs.repository.url.full"],
          "vcs.ref.head.revision": sha,
          "vcs.provider.name": "github",
        },
        async (span) => {
          const state = await builds.state(repository, sha, token);
          span.set({ "cicd.pipeline.run.state": state.kind });
          if (state.kind === "unknown") span.fail({ code: "build_unknown", message: state.reason });
          return state;
        },
        client,
      ),
  };
}

/** Annotations may hold a user in a registry's URL. */
function hostOf(registryUrl: string): string | undefined {
  return URL.parse(registryUrl)?.host;
}
