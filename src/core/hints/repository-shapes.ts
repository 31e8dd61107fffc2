/** Events of forges: something was pushed, or a build has ended. */
import { z } from "zod";
import { isOwnSubject } from "../commits/commit-message.ts";
import { type Hint, type HintKind, parseRef } from "./hint.ts";
import { namedRepository } from "./repository-key.ts";
import { list, maybe, type ReadShape, shape, text } from "./shape.ts";

/** How our own statuses are named on commits. */
const OWN_CONTEXT = "gitops-operator/";

const link = z.object({ href: maybe }).optional().catch(undefined);
const addresses = z.object({
  ...{ ssh_url: maybe, clone_url: maybe, git_ssh_url: maybe, git_http_url: maybe, html_url: maybe, web_url: maybe },
  ...{ sshUrl: maybe, remoteUrl: maybe },
  links: z
    .object({
      clone: list(z.object({ href: maybe }))
        .optional()
        .catch(undefined),
      html: link,
    })
    .optional()
    .catch(undefined),
});

type Addresses = z.infer<typeof addresses>;

function allOf({ links, ...direct }: Addresses): (string | undefined)[] {
  return [...Object.values(direct), ...(links?.clone ?? []).map(({ href }) => href), links?.html?.href];
}

function about(kind: HintKind, named: readonly (string | undefined)[], refs?: readonly string[]): Hint {
  const repositories = named.flatMap((address) => (address === undefined ? [] : (namedRepository(address) ?? [])));
  if (repositories.length === 0) return nothing(kind, "the event names no repository");
  return { about: "repository", kind, repositories, ...(refs && { refs: refs.map(parseRef) }) };
}

function nothing(kind: HintKind, why: string): Hint {
  return { about: "nothing", kind, why };
}

const ownCommit = () => nothing("push", "the newest commit is the operator's own");
const unfinished = () => nothing("build", "the build has not ended");
const commits = list(z.object({ message: maybe }))
  .optional()
  .catch(undefined);

const deleted = () => nothing("push", "a branch or tag was deleted");

/** GitHub, Gitea, Forgejo, GitLab: pushes of branches and tags. Other events of theirs have a `ref` too, but no `after`. */
const push = shape(
  z.object({
    ref: text,
    after: text,
    repository: addresses.optional().catch(undefined),
    project: addresses.optional().catch(undefined),
    head_commit: z.object({ message: maybe }).optional().catch(undefined),
    commits,
  }),
  ({ ref, after, repository, project, head_commit, commits: all }) => {
    if (!repository && !project) return undefined;
    if (/^0+$/.test(after)) return deleted();
    // GitLab has no head, and names the newest last.
    if (isOwnSubject(head_commit?.message ?? all?.at(-1)?.message)) return ownCommit();
    return about("push", [...(project ? allOf(project) : []), ...(repository ? allOf(repository) : [])], [ref]);
  },
);

const bitbucketCloud = shape(
  z.object({
    push: z.object({
      changes: list(
        z.object({
          new: z.object({ type: maybe, name: text, target: z.object({ message: maybe }).optional().catch(undefined) }).nullable(),
        }),
      ),
    }),
    repository: addresses,
  }),
  (event) => {
    const made = event.push.changes.flatMap((change) => change.new ?? []);
    if (made.length === 0) return deleted();
    const foreign = made.filter(({ target }) => !isOwnSubject(target?.message));
    if (foreign.length === 0) return ownCommit();
    const refs = foreign.map(({ type, name }) => (type === "tag" ? `refs/tags/${name}` : name));
    return about("push", allOf(event.repository), refs);
  },
);

/** Older servers do not tell of the newest commit. */
const bitbucketServer = shape(
  z.object({
    changes: list(z.object({ refId: text, type: maybe })),
    toCommit: z.object({ message: maybe }).optional().catch(undefined),
    repository: addresses,
  }),
  ({ changes, toCommit, repository }) => {
    if (isOwnSubject(toCommit?.message)) return ownCommit();
    const refs = changes.filter(({ type }) => type !== "DELETE").map(({ refId }) => refId);
    return refs.length === 0 ? deleted() : about("push", allOf(repository), refs);
  },
);

const azurePush = shape(
  z.object({
    resource: z.object({
      refUpdates: list(z.object({ name: text })),
      repository: addresses,
      commits: list(z.object({ comment: maybe }))
        .optional()
        .catch(undefined),
    }),
  }),
  ({ resource }) => {
    if (isOwnSubject(resource.commits?.[0]?.comment)) return ownCommit();
    return about(
      "push",
      allOf(resource.repository),
      resource.refUpdates.map(({ name }) => name),
    );
  },
);

/** GitHub and Gitea, `action` says whether it has ended. */
const gitHubBuild = shape(
  z.object({
    action: text,
    workflow_run: z.object({}).optional(),
    check_suite: z.object({}).optional(),
    repository: addresses,
  }),
  ({ action, workflow_run, check_suite, repository }) => {
    if (!workflow_run && !check_suite) return undefined;
    return action === "completed" ? about("build", allOf(repository)) : unfinished();
  },
);

const gitLabPipeline = shape(
  z.object({ object_kind: z.literal("pipeline"), object_attributes: z.object({ status: maybe }), project: addresses }),
  ({ object_attributes: { status }, project }) =>
    /^(?:success|failed|canceled|skipped)$/.test(status ?? "") ? about("build", allOf(project)) : unfinished(),
);

/** GitHub, Gitea: the status of a commit. */
const commitStatus = shape(z.object({ state: text, context: text, repository: addresses }), ({ state, context, repository }) => {
  if (context.startsWith(OWN_CONTEXT)) return nothing("build", "the status is the operator's own");
  return state === "pending" ? unfinished() : about("build", allOf(repository));
});

const bitbucketStatus = shape(
  z.object({ commit_status: z.object({ state: text, key: maybe }), repository: addresses }),
  ({ commit_status: { state, key }, repository }) => {
    if (key?.startsWith(OWN_CONTEXT)) return nothing("build", "the status is the operator's own");
    return state === "INPROGRESS" ? unfinished() : about("build", allOf(repository));
  },
);

/** What GitHub and Gitea's test button send when a hook is made: one look, so that people see that it works. */
const ping = shape(z.object({ zen: text, repository: addresses }), ({ repository }) => about("other", allOf(repository)));

/** Of our own making, for any script. */
const generic = shape(z.object({ repository: text, ref: maybe }), ({ repository, ref }) =>
  about("other", [repository], ref === undefined ? undefined : [ref]),
);

export const repositoryShapes: readonly ReadShape[] = [
  ...[bitbucketCloud, azurePush, bitbucketServer, gitLabPipeline, gitHubBuild, commitStatus, bitbucketStatus, push, ping, generic],
];
