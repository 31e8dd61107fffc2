/** The outside calls as steps of a trace: ports in, the same ports out. */

import type { Secrets } from "../core/cluster-ports.ts";
import type { Git, ManifestsBranch, ManifestsCopy } from "../core/git-ports.ts";
import type { Builds, Registry } from "../core/ports.ts";
import { type Attributes, branchAttributes, type Span, type Tracer } from "../core/tracer.ts";
import type { Repository } from "../core/types.ts";
import type { ErrorCode } from "../errors.ts";

/** `tell`: what the step says of its answer. */
type Step = <T>(name: string, attributes: Attributes, ask: () => Promise<T>, tell?: (span: Span, answer: T) => void) => Promise<T>;

function stepsOf(tracer: Tracer): Step {
  return (name, attributes, ask, tell) => {
    const work = async (span: Span) => {
      const answer = await ask();
      tell?.(span, answer);
      return answer;
    };
    return tracer.span(name, attributes, work, { kind: "client" });
  };
}

export function traceSecrets(secrets: Secrets, tracer: Tracer): Secrets {
  const step = stepsOf(tracer);
  return {
    read(ref, fields, needed) {
      const attributes = { "k8s.namespace.name": ref.namespace, "k8s.secret.name": ref.name, "gitops_operator.secret.field": needed };
      return step("secret read", attributes, () => secrets.read(ref, fields, needed));
    },
  };
}

/** A listing that several runs share is a step in each of them: that is what each waited for. */
export function traceGit(git: Git, tracer: Tracer): Git {
  const step = stepsOf(tracer);

  function traceCopy(at: ManifestsBranch, copy: ManifestsCopy): ManifestsCopy {
    const attributes = branchAttributes(at.repository, at.branch);
    return {
      ...{ holds: copy.holds, read: copy.read, list: copy.list, commit: copy.commit, tip: copy.tip },
      recent: (head, question) =>
        step("git recent commits", { ...attributes, "vcs.ref.head.revision": head }, () => copy.recent(head, question)),
      written: (head, since) => step("git history", { ...attributes, "vcs.ref.head.revision": head }, () => copy.written(head, since)),
      refresh(notBefore) {
        const fetch = () => copy.refresh(notBefore);
        return step("git fetch", attributes, fetch, (span, tip) => span.set({ "vcs.ref.head.revision": tip }));
      },
      push(from, to) {
        const revisions = { "vcs.ref.base.revision": from, "vcs.ref.head.revision": to };
        const push = () => copy.push(from, to);
        return step("git push", { ...attributes, ...revisions }, push, (span, result) => {
          span.set({ "gitops_operator.push.result": result.kind });
          if (result.kind === "refused") span.fail({ code: "git_push_refused", message: result.reason });
        });
      },
      standing: (branch, base, files) =>
        step("git look at proposal", { ...attributes, "vcs.ref.head.name": branch }, () => copy.standing(branch, base, files)),
      requests: (base, files, known) => step("git look at requests", attributes, () => copy.requests(base, files, known)),
      request(topic, commit) {
        const names = { "vcs.ref.base.name": at.branch, "vcs.ref.head.name": topic };
        return step(
          "git push proposal",
          { ...attributes, ...names },
          () => copy.request(topic, commit),
          (span, result) => {
            span.set({ "gitops_operator.push.result": result.kind });
            if (result.kind === "accepted") span.set({ "vcs.ref.head.revision": result.commit });
            if (result.kind === "refused") span.fail({ code: "git_push_refused", message: result.reason });
          },
        );
      },
      propose(branch, from, commit) {
        const names = { "vcs.ref.base.name": at.branch, "vcs.ref.head.name": branch };
        return step(
          "git push proposal",
          { ...attributes, ...names },
          () => copy.propose(branch, from, commit),
          (span, result) => {
            span.set({ "gitops_operator.push.result": result.kind, "vcs.ref.head.revision": result.commit });
            if (result.kind === "refused") span.fail({ code: "git_push_refused", message: result.reason });
          },
        );
      },
    };
  }

  return {
    commits(at, notBefore) {
      const list = () => git.commits(at, notBefore);
      return step("git list", branchAttributes(at.repository, at.branch), list, (span, { branch, tip }) =>
        span.set({ "vcs.ref.head.name": branch, "vcs.ref.head.revision": tip.sha }),
      );
    },
    releases(at, pattern, notBefore) {
      const list = () => git.releases(at, pattern, notBefore);
      return step("git list tags", branchAttributes(at.repository, undefined), list, (span, [highest]) =>
        span.set({ "vcs.ref.head.name": highest?.name, "vcs.ref.head.revision": highest?.sha, "vcs.ref.head.type": "tag" }),
      );
    },
    commit(at, sha) {
      const attributes = { ...branchAttributes(at.repository, undefined), "vcs.ref.head.revision": sha };
      return step("git commit", attributes, () => git.commit(at, sha));
    },
    prints(at, trees, printer) {
      return step("git folders", branchAttributes(at.repository, undefined), () => git.prints(at, trees, printer));
    },
    manifestsBranch(at, notBefore) {
      const find = () => git.manifestsBranch(at, notBefore);
      if (at.branch !== undefined) return find();
      const attributes = branchAttributes(at.repository, undefined);
      return step("git find branch", attributes, find, (span, { branch }) => span.set({ "vcs.ref.head.name": branch }));
    },
    refreshAhead: git.refreshAhead,
    withManifests: (at, work) => git.withManifests(at, (copy) => work(traceCopy(at, copy))),
  };
}

export function traceRegistry(registry: Registry, tracer: Tracer): Registry {
  const step = stepsOf(tracer);
  const codes: Partial<Record<string, ErrorCode>> = { limited: "registry_limited", unavailable: "registry_unavailable" };
  return {
    check(image, tag, dockerConfig, wantsDigest) {
      const about = {
        "container.image.name": image.repository,
        "container.image.tags": [tag],
        "server.address": hostOf(image.registryUrl),
      };
      const check = () => registry.check(image, tag, dockerConfig, wantsDigest);
      return step("registry check", about, check, (span, answer) => {
        span.set({
          "gitops_operator.registry.answer": answer.kind,
          "container.image.repo_digests": answer.kind === "found" && answer.digest !== undefined ? [answer.digest] : undefined,
        });
        const code = codes[answer.kind];
        if (code && "reason" in answer) span.fail({ code, message: answer.reason });
      });
    },
  };
}

/** `providerOf`: which kind of forge serves a repository. */
export function traceBuilds(builds: Builds, tracer: Tracer, providerOf: (repository: Repository) => string | undefined): Builds {
  const step = stepsOf(tracer);
  return {
    state(repository, sha, token) {
      const { "vcs.repository.url.full": url } = branchAttributes(repository, undefined);
      const about = { "vcs.repository.url.full": url, "vcs.ref.head.revision": sha, "vcs.provider.name": providerOf(repository) };
      const ask = () => builds.state(repository, sha, token);
      return step("build status", about, ask, (span, state) => {
        span.set({ "cicd.pipeline.run.state": state.kind });
        if (state.kind === "unknown") span.fail({ code: "build_unknown", message: state.reason });
      });
    },
  };
}

/** Annotations may hold a user in a registry's URL. */
function hostOf(registryUrl: string): string | undefined {
  return URL.parse(registryUrl)?.host;
}
