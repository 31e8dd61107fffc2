import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRepository, parseRepository } from "../../src/core/repository.ts";
import type { Repository } from "../../src/core/types.ts";

const ssh = { transport: "ssh", user: "git", host: "github.com", port: 22 } as const;
const accepted: [text: string, repository: Repository, formatted: string][] = [
  ["git@github.com:team/app.git", { ...ssh, path: "team/app.git" }, "git@github.com:team/app.git"],
  ["git@GitHub.com:Team/App", { ...ssh, path: "Team/App" }, "git@github.com:Team/App"],
  ["git@github.com:/srv/app.git", { ...ssh, path: "/srv/app.git" }, "ssh://git@github.com/srv/app.git"],
  ["git@github.com:~ops/app", { ...ssh, path: "~ops/app" }, "git@github.com:~ops/app"],
  ["git@github.com:/~ops/app", { ...ssh, path: "~ops/app" }, "git@github.com:~ops/app"],
  ["git@github.com:22/app", { ...ssh, path: "22/app" }, "git@github.com:22/app"],
  ["git@github.com:v3/team/My%20Project/app", { ...ssh, path: "v3/team/My%20Project/app" }, "git@github.com:v3/team/My%20Project/app"],
  ["git@[2001:DB8::1]:app", { ...ssh, host: "2001:db8::1", path: "app" }, "git@[2001:db8::1]:app"],
  ["ssh://github.com/team/app.git", { ...ssh, path: "/team/app.git" }, "ssh://git@github.com/team/app.git"],
  ["SSH://ops@github.com:22/app", { ...ssh, user: "ops", path: "/app" }, "ssh://ops@github.com/app"],
  ["ssh://git@github.com:2222/app", { ...ssh, port: 2222, path: "/app" }, "ssh://git@github.com:2222/app"],
  ["ssh://github.com:2222/~ops/app", { ...ssh, port: 2222, path: "~ops/app" }, "ssh://git@github.com:2222/~ops/app"],
  ["ssh://[::1]:2222/app", { ...ssh, host: "::1", port: 2222, path: "/app" }, "ssh://git@[::1]:2222/app"],
  ["ssh://github.com/My%20Project", { ...ssh, path: "/My Project" }, "ssh://git@github.com/My%20Project"],
  ["https://github.com/team/app", { transport: "https", host: "github.com", port: 443, path: "/team/app" }, "https://github.com/team/app"],
  ["https://[::1]:8443/app", { transport: "https", host: "::1", port: 8443, path: "/app" }, "https://[::1]:8443/app"],
];

for (const [text, repository, formatted] of accepted) {
  test(`${text} is read as git reads it and formatted as ${formatted}`, () => {
    assert.deepEqual(parseRepository(text), { kind: "ok", repository });
    assert.equal(formatRepository(repository), formatted);
    assert.deepEqual(parseRepository(formatted), { kind: "ok", repository });
  });
}

const refused: [text: string, problem: RegExp][] = [
  ["", /is no repository/],
  ["team/app", /is no repository/],
  ["/srv/git/app.git", /is no repository/],
  ["../app.git", /is no repository/],
  ["github.com:team/app", /is no repository/],
  ["git@github.com/team/app", /is no repository/],
  ["git@github.com:", /no path/],
  ["git@github.com:/", /no path/],
  ["git@:team/app", /host that is none/],
  ["@github.com:team/app", /user that is none/],
  ["-x@github.com:team/app", /like an option/],
  ["git@-oProxyCommand=x:team/app", /host that is none/],
  ["-oProxyCommand=x", /like an option/],
  ["--upload-pack=x", /like an option/],
  ["git@github.com:--upload-pack=x", /like an option/],
  ["ssh://-oProxyCommand=x/app", /host that is none/],
  ["ssh://-l@github.com/app", /user that is none/],
  ["ext::sh -c whoami", /holds a space/],
  ["ext::whoami", /is no repository/],
  ["git@ext::whoami", /transport that is refused/],
  ["fd::17", /is no repository/],
  ["file:///etc/passwd", /transport that is refused/],
  ["http://github.com/team/app", /transport that is refused/],
  ["git://github.com/team/app", /transport that is refused/],
  ["git+ssh://github.com/team/app", /transport that is refused/],
  ["ftp://github.com/team/app", /transport that is refused/],
  ["https://user@github.com/team/app", /user or password/],
  ["https://x:hunter2@github.com/team/app", /user or password/],
  ["https://hunter2:@github.com/team/app", /user or password/],
  ["ssh://git:hunter2@github.com/team/app", /holds a password/],
  ["ssh://a@hunter2@github.com/team/app", /user that is none/],
  ["https://github.com", /no path/],
  ["https://github.com//", /no path/],
  ["https://github.com/team/app?token=hunter2", /query or fragment/],
  ["https://github.com/team/app#hunter2", /query or fragment/],
  ["ssh://github.com/team/app?x", /query or fragment/],
  ["https://github.com/../app", /'\.\.'/],
  ["https://github.com/%2e%2E/app", /'\.\.'/],
  ["git@github.com:../../user", /'\.\.'/],
  ["ssh://github.com/a/%2e%2e/b", /'\.\.'/],
  ["ssh://github.com/./b", /'\.'/],
  ["ssh://github.com/a%00b", /character in its path/],
  ["ssh://github.com/a%0ab", /character in its path/],
  ["https://github.com/a%0d%0aHost:x", /character in its path/],
  ["ssh://github.com/a%zz", /'%' that encodes/],
  ["git@github.com:a'b", /character in its path/],
  ["git@github.com:a$(id)", /character in its path/],
  ["git@github.com:a;id", /character in its path/],
  ["git@github.com:team/app#1", /character in its path/],
  ["git@github.com:team app", /holds a space/],
  ["git@github.com:team/app\n", /holds a space/],
  ["git@github.com:team\0app", /control/],
  ["git@github.com:team/\u202eapp", /invisible/],
  ["git@git\u200bhub.com:team/app", /invisible/],
  ["git@github.com:team\\app", /backslash/],
  ["https:\\\\github.com\\app", /backslash/],
  ["ssh://github.com:0/app", /port/],
  ["ssh://github.com:65536/app", /port/],
  ["ssh://github.com:/app", /port/],
  ["ssh://github.com:22x/app", /port/],
  ["ssh://github.com:022/app", /port/],
  ["https://git..hub.com/app", /host that is none/],
  ["https://github.com./app", /host that is none/],
  ["https://gïthub.com/app", /host that is none/],
  ["https://::1/app", /host that is none/],
  ["https://[::g]/app", /host that is none/],
  ["https://[fe80::1%25eth0]/app", /host that is none/],
  ["git@[a@[::1]:app", /is no repository|host that is none/],
  ["git@[github.com:22]:app", /host that is none/],
  [`git@github.com:${"a".repeat(2048)}`, /longer than 2048 bytes/],
];

for (const [text, problem] of refused) {
  // S3
  test(`${JSON.stringify(text.slice(0, 60))} is refused with a reason and what to write, without a word of it`, () => {
    const result = parseRepository(text);
    assert.equal(result.kind, "error");
    assert.match(result.problem, problem);
    assert.match(result.problem, /write |user@host:path|use /);
    assert.doesNotMatch(result.problem, /hunter2/);
  });
}
