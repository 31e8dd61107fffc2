import assert from "node:assert/strict";
import { test } from "node:test";
import { forgeOf, knownForges, parseForges } from "../../src/core/forges.ts";
import { parseRepository } from "../../src/core/repository.ts";

function forgesOf(text: string) {
  const parsed = parseForges(text);
  assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
  return parsed.forges.map(({ host, kind, apiUrl }) => [host, kind, apiUrl]);
}

test("FORGES: a kind's API is below the forge's root, which is that of its host unless it is said", () => {
  const rows: [string, string, string, string][] = [
    ["ghe.example=github", "ghe.example", "github", "https://ghe.example/api/v3"],
    ["octo.ghe.com=github@https://api.octo.ghe.com", "octo.ghe.com", "github", "https://api.octo.ghe.com"],
    ["github.com=github", "github.com", "github", "https://api.github.com"],
    ["git.example=gitlab", "git.example", "gitlab", "https://git.example/api/v4"],
    ["git.example=gitlab@https://web.example/gitlab/", "git.example", "gitlab", "https://web.example/gitlab/api/v4"],
    ["Git.Example=gitea@https://web.example/Git", "git.example", "gitea", "https://web.example/Git/api/v1"],
    ["git.example=forgejo@https://web.example:8443", "git.example", "forgejo", "https://web.example:8443/api/v1"],
    ["bitbucket.org=bitbucket", "bitbucket.org", "bitbucket", "https://api.bitbucket.org/2.0"],
    ["stash.example=bitbucket-server", "stash.example", "bitbucket-server", "https://stash.example/rest"],
    ["tfs.example=azure@https://tfs.example/tfs", "tfs.example", "azure", "https://tfs.example/tfs"],
    ["git.example=gitea@http://127.0.0.1:3000", "git.example", "gitea", "http://127.0.0.1:3000/api/v1"],
    ["git.example=gitea@http://gitea.git.svc:3000", "git.example", "gitea", "http://gitea.git.svc:3000/api/v1"],
    ["[::1]=gitea@http://[::1]:3000", "[::1]", "gitea", "http://[::1]:3000/api/v1"],
  ];
  for (const [text, ...expected] of rows) assert.deepEqual(forgesOf(text), [expected], text);
  assert.equal(forgesOf("a.example=gitlab, b.example=gitea,").length, 2);
  assert.deepEqual(forgesOf(" "), []);
});

test("FORGES: an item that is none spoils the list, and is told by its number and never repeated", () => {
  const rows: [string, RegExp][] = [
    ["git.example", /names no kind/],
    ["git.example=", /no kind that is known/],
    ["git.example=gogs", /no kind that is known/],
    ["git.example=toString", /no kind that is known/],
    ["=gitlab", /has no host/],
    ["git.example:2222=gitlab", /has no host, or one with a port/],
    ["git@git.example=gitlab", /has no host/],
    ["git.example=gitlab@", /a URL that is none/],
    ["git.example=gitlab@web.example", /a URL that is none/],
    ["git.example=gitlab@ftp://web.example", /a URL that is none/],
    ["git.example=gitlab@https://canary:canary@web.example", /user or password/],
    ["git.example=gitlab@https://web.example/?x=1", /query or fragment/],
    ["git.example=gitlab@http://web.example", /http URL, which would show tokens to the network/],
    ["git.example=gitlab@http://127.0.0.1.evil.example", /http URL/],
    ["git.example=gitlab@http://a.b.svc.evil.example", /http URL/],
    ["git.example=gitlab, git.example=gitea", /names a host again \(number 2\)/],
  ];
  for (const [text, expected] of rows) {
    const parsed = parseForges(text);
    assert.ok(parsed.kind === "error", text);
    assert.match(parsed.problem, expected);
    assert.match(
      parsed.problem,
      /write host=kind or host=kind@https:.*kinds are github, gitlab, gitea, forgejo, bitbucket, bitbucket-server, azure$/,
    );
    assert.doesNotMatch(parsed.problem, /canary/);
  }
});

test("a repository's forge is that of its host: the known ones, their hosts on port 443, and those of the environment before them", () => {
  const parsed = parseForges("codeberg.org=gitea@https://mirror.example");
  assert.ok(parsed.kind === "ok");
  const known = knownForges(parsed.forges, { host: "GHE.example", apiUrl: "https://ghe.example/api/v3" });
  const rows: [string, string | undefined][] = [
    ["git@github.com:team/shop.git", "https://api.github.com"],
    ["ssh://git@ssh.github.com:443/team/shop", "https://api.github.com"],
    ["git@ssh.github.com:team/shop", undefined],
    ["ssh://git@ghe.example:122/team/shop", "https://ghe.example/api/v3"],
    ["git@gitlab.com:team/backend/shop", "https://gitlab.com/api/v4"],
    ["ssh://git@altssh.gitlab.com:443/team/shop", "https://gitlab.com/api/v4"],
    ["https://codeberg.org/team/shop", "https://mirror.example/api/v1"],
    ["git@bitbucket.org:team/shop", "https://api.bitbucket.org/2.0"],
    ["ssh://git@altssh.bitbucket.org:443/team/shop", "https://api.bitbucket.org/2.0"],
    ["git@ssh.dev.azure.com:v3/org/project/shop", "https://dev.azure.com"],
    ["https://dev.azure.com/org/project/_git/shop", "https://dev.azure.com"],
    ["git@gitlab.com.evil.example:team/shop", undefined],
    ["git@api.github.com:team/shop", undefined],
  ];
  for (const [text, expected] of rows) {
    const { repository } = parseRepository(text) as Extract<ReturnType<typeof parseRepository>, { kind: "ok" }>;
    assert.equal(forgeOf(known, repository)?.apiUrl, expected, text);
  }
  const own = knownForges([], { host: "github.com", apiUrl: "https://proxy.example" });
  assert.deepEqual(
    own.filter(({ host }) => host === "github.com").map(({ apiUrl }) => apiUrl),
    ["https://proxy.example"],
  );
});
