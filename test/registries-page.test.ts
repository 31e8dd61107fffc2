/** What docs/REGISTRIES.md says of logins that end, held against the program. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { findCredentials, parseDockerConfig } from "../src/adapters/registry/docker-config.ts";
import { denied } from "../src/adapters/registry/refusal.ts";
import { lifetimeOf } from "../src/adapters/registry/short-lived-login.ts";
import { codeIn, tableRows } from "./markdown.ts";
import { pathOf } from "./observability-files.ts";

const page = await readFile(pathOf("docs/REGISTRIES.md"), "utf8");
const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const login = { kind: "password", username: "AWS", password: "token" } as const;

test("the Secret that External Secrets renews by docs/REGISTRIES.md has the login of the image's registry", () => {
  const manifest = parse(page.match(/```yaml\n(apiVersion: external-secrets[\s\S]*?)```/)?.[1] ?? "");
  // What its generator hands out (docs/api/generator/ecr of External Secrets).
  const made = { proxy_endpoint: `https://${host}`, username: login.username, password: login.password };
  const text = Object.entries(made).reduce(
    (filled, [key, value]) => filled.replace(`{{ .${key} }}`, value),
    String(manifest.spec.target.template.data[".dockerconfigjson"]),
  );
  const config = parseDockerConfig(text);
  assert.ok(!("problem" in config), text);
  assert.deepEqual(findCredentials(config, new URL(`https://${host}`), "team/shop"), login);
});

test("what docs/REGISTRIES.md quotes of a login that has ended is what the operator says", () => {
  const answer = denied(
    { status: 403, host, wereSent: true, text: "Your authorization token has expired. Reauthenticate and try again." },
    { repository: "team/shop", credentials: login, whyAnonymous: "" },
  );
  assert.ok(answer.kind === "denied" && page.includes(`\n> ${answer.reason}\n`), JSON.stringify(answer));
});

test("the logins that docs/REGISTRIES.md says end are those that the operator knows to end", () => {
  const rows = tableRows(page, "## Logins that end");
  assert.equal(rows.length, 3);
  for (const [, user = "", ends = ""] of rows) {
    const [username = ""] = codeIn(user);
    assert.match(lifetimeOf({ kind: "password", username, password: "" }) ?? "", new RegExp(`good for ${ends}[:,]`));
  }
});
