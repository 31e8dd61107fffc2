/** Where the public half of a key goes, at each host. */
const places: readonly (readonly [host: string, place: string])[] = [
  [
    "GitHub",
    "the repository's Settings → Deploy keys → Add deploy key; 'Allow write access' for the manifests. One key opens one repository",
  ],
  ["GitLab", "the project's Settings → Repository → Deploy keys; 'Grant write permissions to this key' for the manifests"],
  ["Gitea, Forgejo", "the repository's Settings → Deploy keys → Add deploy key; 'Enable write access' for the manifests"],
  ["Bitbucket", "Cloud: Repository settings → Access keys, which only read. Data Center: Access keys, with 'Read/write' for the manifests"],
  ["plain sshd", "~/.ssh/authorized_keys of the user in the repository's address"],
  ["others", "Azure DevOps and CodeCommit take no such key: use a token (docs/GIT-HOSTS.md)"],
];

const WIDTH = 16;

export const whereToPaste = places.map(([host, place]) => `  ${host.padEnd(WIDTH)}${place}`).join("\n");
