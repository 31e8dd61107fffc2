const A = "a".repeat(40);
const B = "b".repeat(40);

/** URLs as a kustomization has them, the repository that kustomize then asks git for, and the commit. */
export const remoteTargets: readonly (readonly [url: string, repository: string, commit: string])[] = [
  [`https://github.com/org/repo//path?ref=${A}`, "github.com/org/repo", A],
  [`https://github.com/org/repo/path/deep?ref=${A}`, "github.com/org/repo", A],
  [`git@github.com:org/repo.git//path?ref=${A}`, "github.com/org/repo", A],
  [`git@github.com/org/repo?ref=${A}`, "github.com/org/repo", A],
  [`ssh://git@github.com/org/repo.git?ref=${A}`, "github.com/org/repo", A],
  [`ssh://github.com/org/repo?ref=${A}`, "github.com/org/repo", A],
  [`ssh://git.example:2222/org/repo//x?ref=${A}`, "git.example:2222/org/repo", A],
  [`git::https://github.com/org/repo?ref=${A}`, "github.com/org/repo", A],
  [`git::git@git.example:org/repo?ref=${A}`, "git.example/org/repo", A],
  [`github.com/org/repo?ref=${A}`, "github.com/org/repo", A],
  [`GitHub.com:org/repo?ref=${A}`, "github.com/org/repo", A],
  [`github.com/org/repo/path?timeout=120&ref=${A}&submodules=false`, "github.com/org/repo", A],
  [`https://git.example/group/sub/repo//path?ref=${A}`, "git.example/group/sub/repo", A],
  [`https://git.example/group/sub/repo.git/path?version=${A}&ref=${B}`, "git.example/group/sub/repo", B],
  [`https://git.example/org/repo?version=${A}`, "git.example/org/repo", A],
  [`https://git.example/org/repo?ref=&version=${A}`, "git.example/org/repo", A],
  [`https://git.example/org/repo?ref=${A}&ref=${B}`, "git.example/org/repo", A],
  [`https://git.example:8443/org/repo?ref=${A}`, "git.example:8443/org/repo", A],
  [`http://git.example/org/repo?ref=${A}`, "git.example/org/repo", A],
  [`https://user@git.example/org/project/_git/repo/path?ref=${A}`, "git.example/org/project/_git/repo", A],
  // Not `/org/repo`, as git itself would have it.
  [`https://git.example/group/sub/repo?ref=${A}`, "git.example/group/sub", A],
];

/** What leads to no repository, or to no commit that is named by its whole id. */
export const otherTargets: readonly string[] = [
  "../base",
  "deployment.yaml",
  `https://git.example/org?ref=${A}`,
  `git.example/org/repo?ref=${A}`,
  `../repo?ref=${A}`,
  `file:///srv/org/repo?ref=${A}`,
  "https://git.example/org/repo",
  "https://git.example/org/repo?ref=main",
  `https://git.example/org/repo?ref=${A.slice(1)}`,
  `https://git.example/org/repo?ref=${A}0`,
  `https://git.example/org/repo?ref=main&version=${A}`,
  `https://git.example/org/repo?ref=${A};x`,
  `https://git.example/org/repo?x=%zz&ref=${A}`,
  `https://git.example/org/repo?REF=${A}`,
  `https://git.example/org/repo?xref=${A}`,
  `https://git.example/org/repo?path=ref=${A}`,
  `https://raw.githubusercontent.com/org/repo/${A}/deployment.yaml`,
];
