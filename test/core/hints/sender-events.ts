/** What each sender sends, after its documentation: the shape whole, of the values what is read here and some beside it. */

const sha = "4f2a1c9d8e7b6a5f4e3d2c1b0a9f8e7d6c5b4a39";

/** Of `github.com/team/shop` and the like, at branch main. */
export const pushes: Record<string, object> = {
  "GitLab push": {
    ...{ object_kind: "push", event_name: "push", before: sha, after: sha, ref: "refs/heads/main", checkout_sha: sha, user_name: "Ann" },
    project: {
      ...{ id: 15, name: "shop", web_url: "https://gitlab.example/team/shop", git_ssh_url: "git@gitlab.example:team/shop.git" },
      ...{ git_http_url: "https://gitlab.example/team/shop.git", path_with_namespace: "team/shop", default_branch: "main" },
    },
    repository: { name: "shop", url: "git@gitlab.example:team/shop.git", git_ssh_url: "git@gitlab.example:team/shop.git" },
    commits: [{ id: sha, message: "Faster checkout\n", author: { name: "Ann" } }],
  },
  "Gitea and Forgejo push": {
    ...{ ref: "refs/heads/main", before: sha, after: sha, compare_url: "https://gitea.example/team/shop/compare/a...b" },
    commits: [{ id: sha, message: "Faster checkout" }],
    head_commit: { id: sha, message: "Faster checkout" },
    repository: {
      ...{
        id: 1,
        full_name: "team/shop",
        html_url: "https://gitea.example/team/shop",
        ssh_url: "ssh://git@gitea.example:2222/team/shop.git",
      },
      ...{ clone_url: "http://gitea.example:3000/team/shop.git", default_branch: "main" },
    },
  },
  "Bitbucket Cloud push": {
    actor: { display_name: "Ann" },
    repository: { full_name: "team/shop", links: { self: { href: "x" }, html: { href: "https://bitbucket.org/team/shop" } } },
    push: {
      changes: [
        { new: { type: "branch", name: "main", target: { hash: sha, message: "Faster checkout" } }, old: null, forced: false },
        { new: null, old: { type: "branch", name: "gone" } },
      ],
    },
  },
  "Bitbucket Server push": {
    ...{ eventKey: "repo:refs_changed", date: "2026-01-01T00:00:00+0000", actor: { name: "ann" } },
    repository: {
      ...{ slug: "shop", name: "shop", project: { key: "TEAM" } },
      links: {
        clone: [
          { href: "https://git.example/scm/team/shop.git", name: "http" },
          { href: "ssh://git@git.example:7999/team/shop.git", name: "ssh" },
        ],
      },
    },
    changes: [{ ref: { id: "refs/heads/main", displayId: "main", type: "BRANCH" }, refId: "refs/heads/main", toHash: sha, type: "UPDATE" }],
    toCommit: { id: sha, message: "Faster checkout" },
  },
  "Azure push": {
    ...{ subscriptionId: "1", eventType: "git.push", publisherId: "tfs", message: { text: "Ann pushed" } },
    resource: {
      commits: [{ commitId: sha, comment: "Faster checkout" }],
      refUpdates: [{ name: "refs/heads/main", oldObjectId: sha, newObjectId: sha }],
      repository: { id: "1", name: "shop", remoteUrl: "https://org@dev.azure.com/org/My%20Team/_git/shop" },
    },
  },
};

/** How a Deployment names the repository of each. */
export const appRepositories: Record<string, string> = {
  "GitLab push": "git@gitlab.example:team/shop.git",
  "Gitea and Forgejo push": "ssh://git@gitea.example:2222/Team/Shop.git",
  "Bitbucket Cloud push": "git@bitbucket.org:team/shop.git",
  "Bitbucket Server push": "ssh://git@git.example:7999/team/shop.git",
  "Azure push": "git@ssh.dev.azure.com:v3/org/My%20Team/shop",
};

/** Of `team/shop`, at the tag that is the SHA. */
export const images: Record<string, object> = {
  distribution: {
    events: [
      { id: "1", action: "push", target: { mediaType: "application/octet-stream", digest: "sha256:00", repository: "team/shop" } },
      { id: "2", action: "pull", target: { repository: "team/other", tag: sha }, request: { host: "registry.example" } },
      { id: "3", action: "push", target: { mediaType: "x", digest: "sha256:01", repository: "team/shop", url: "http://x", tag: sha } },
    ],
  },
  Harbor: {
    ...{ type: "PUSH_ARTIFACT", occur_at: 1_700_000_000, operator: "ann" },
    event_data: {
      resources: [{ digest: "sha256:00", tag: sha, resource_url: `harbor.example/team/shop:${sha}` }],
      repository: { name: "shop", namespace: "team", repo_full_name: "team/shop", repo_type: "private" },
    },
  },
  "Harbor as CloudEvent": {
    ...{ specversion: "1.0", id: "1", type: "harbor.artifact.pushed", source: "/projects/1/webhook/policies/1" },
    data: { resources: [{ digest: "sha256:00", tag: sha, resource_url: `harbor.example/team/shop:${sha}` }] },
  },
  "Docker Hub": {
    ...{
      callback_url: "https://registry.hub.docker.com/u/team/shop/hook/1/",
      push_data: { pushed_at: 1_700_000_000, pusher: "ann", tag: sha },
    },
    repository: { repo_name: "team/shop", name: "shop", namespace: "team", is_private: true },
  },
  Quay: { repository: "team/shop", namespace: "team", name: "shop", docker_url: "quay.io/team/shop", updated_tags: [sha] },
  "Quay of old": { repository: "team/shop", docker_url: "quay.io/team/shop", updated_tags: { [sha]: "an-image" } },
  ACR: {
    ...{ id: "1", timestamp: "2026-01-01T00:00:00Z", action: "push", request: { id: "1", host: "team.azurecr.io", method: "PUT" } },
    target: { mediaType: "x", size: 1, digest: "sha256:00", repository: "team/shop", tag: sha },
  },
  "ACR as CloudEvent": {
    ...{ specversion: "1.0", id: "1", source: "/subscriptions/1", type: "Microsoft.ContainerRegistry.ImagePushed" },
    data: { action: "push", target: { repository: "team/shop", tag: sha }, request: { host: "team.azurecr.io" } },
  },
  "GitHub registry_package": {
    action: "published",
    registry_package: {
      ...{ id: 1, name: "shop", namespace: "Team", ecosystem: "CONTAINER", package_type: "CONTAINER", owner: { login: "Team" } },
      package_version: { id: 1, package_url: `ghcr.io/team/shop:${sha}`, container_metadata: { tag: { name: sha, digest: "sha256:00" } } },
    },
    repository: { full_name: "team/shop", clone_url: "https://github.com/team/elsewhere.git" },
  },
  "Gitea and Forgejo package": {
    action: "created",
    repository: null,
    package: {
      id: 1,
      type: "container",
      name: "shop",
      version: sha,
      owner: { login: "team", username: "team" },
      html_url: "https://gitea.example/x",
    },
  },
  generic: { image: `registry.example:5000/team/shop:${sha}` },
};

/** That have ended, of the repositories of the pushes above or of GitHub's. */
export const builds: Record<string, object> = {
  "GitLab pipeline": {
    ...{ object_kind: "pipeline", object_attributes: { id: 31, ref: "main", status: "success" } },
    project: { web_url: "https://gitlab.example/team/shop", git_ssh_url: "git@gitlab.example:team/shop.git" },
  },
  "Bitbucket Cloud status": {
    commit_status: { key: "build", state: "FAILED", refname: "main" },
    repository: { links: { html: { href: "https://bitbucket.org/team/shop" } } },
  },
};
