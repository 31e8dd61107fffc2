/** `check --live` where the repositories are opened with a token or as a GitHub App: what is wrong is told with the Secret, the field and the remedy. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type HttpsGitHost, startHttpsGitHost } from "../../sandbox/https-git-host.ts";
import { manifestOf, startWorld } from "../../sandbox/world.ts";
import { command } from "../check/command.ts";
import { deploymentYaml } from "../check/deployment-yaml.ts";

async function startShop(t: TestContext, door: "token" | "app") {
  let host: HttpsGitHost | undefined;
  const world = await startWorld({
    startHost: async (options) => {
      host = await startHttpsGitHost({ ...options, door });
      return host;
    },
  });
  t.after(() => world.close());
  if (!host) throw new Error("no host");
  const { host: registry } = world.registry;
  await world.repository("team/manifests.git", {
    "shop/deployment.yaml": manifestOf("shop", `${registry}/team/shop:old`),
  });
  const app = await world.repository("team/shop.git", { "index.html": "1" });
  world.registry.put("team/shop", (await app.tip()) ?? "");
  world.secret("gitops-operator", "regcred", { ".dockerconfigjson": '{"auths":{}}' });
  const place = `${host.host}:${host.port}/team`;
  const { secretOf } = host;
  const put = (name: string, data: Readonly<Record<string, string>>, bound: string | undefined = `${place}/*`) => {
    const encoded = Object.entries(data).map(([field, text]) => [field, Buffer.from(text).toString("base64")]);
    const annotations = bound === "" ? {} : { annotations: { "gitops.operator.allowed_repositories": bound } };
    const metadata = { namespace: "gitops-operator", name, ...annotations };
    world.cluster.put({ apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: Object.fromEntries(encoded) });
  };
  const ask = async (annotations: Readonly<Record<string, string>> = {}) => {
    const file = deploymentYaml("shop", {
      app_repository: world.gitHost.url("team/shop.git"),
      manifest_repository: world.gitHost.url("team/manifests.git"),
      image_name: `${registry}/team/shop`,
      ...annotations,
    });
    const { code, lines } = await command(["check", "-f", "-", "--live"], file, world.env);
    const told = (level: string) => lines.flatMap((line) => (line.startsWith(`  ${level} `) ? line.slice(level.length + 2).trim() : []));
    assert.equal(code === 1, told("problem").length > 0);
    return { problems: told("problem"), oks: told("ok"), waiting: told("waiting") };
  };
  const fields = secretOf(world.key.privateKey) ?? {};
  return {
    world,
    host,
    app,
    fields,
    put,
    ask,
    place,
    holderOf: async (access: object) => secretOf((await world.gitHost.newKey(access)).privateKey) ?? {},
  };
}

const READS = { read: ["team/shop.git", "team/manifests.git"] };

for (const door of ["token", "app"] as const) {
  const what = door === "app" ? "a GitHub App" : "a token";

  test(`--live with ${what}: what it opens is told, and what is wrong with it by Secret, field and remedy`, async (t) => {
    const { fields, put, ask, place, holderOf } = await startShop(t, door);
    const well = await ask();
    assert.deepEqual(well.problems, []);
    assert.ok(well.oks.includes(`Secret gitops-operator/ssh-key can be read and holds ${what}`), well.oks.join("\n"));
    assert.ok(well.oks.includes(`https://${place}/manifests.git lets the ${what.slice(2)} push`), well.oks.join("\n"));

    const secret = "Secret gitops-operator/x";
    const { "ca.crt": _, ...withoutAuthority } = fields;
    const [first = "", second = ""] = door === "app" ? ["githubAppID", "githubAppInstallationID"] : ["username", "password"];
    const rows: [string, Readonly<Record<string, string>>, string | undefined, RegExp][] = [
      [
        "bound to nothing",
        fields,
        "",
        new RegExp(
          `^${secret} holds ${what} and is bound to nothing; annotate it with gitops\\.operator\\.allowed_repositories=${place}/\\*$`,
        ),
      ],
      [
        "bound to others",
        fields,
        `${place}s/*`,
        new RegExp(`^${secret} is not for ${place}/manifests: .* annotation gitops\\.operator\\.allowed_repositories$`),
      ],
      ["a field missing", { [first]: "77" }, undefined, new RegExp(`^Failed to read field: ${second} in data of ${secret}; add it, `)],
      [
        "nothing for git",
        { other: "77" },
        undefined,
        /^Failed to read field: password in data, consider recreating the secret with kubectl create secret generic x /,
      ],
      [
        "a key beside it",
        { ...fields, "ssh-privatekey": "x" },
        undefined,
        new RegExp(`^${secret} holds an SSH key and ${what} \\(ssh-privatekey, ${first}\\); keep one of them$`),
      ],
      ["an empty field", { ...fields, [second]: " " }, undefined, new RegExp(`^${secret}: field ${second} .*; recreate the Secret$`)],
      [
        "no authority",
        withoutAuthority,
        undefined,
        new RegExp(`^.* its certificate is not trusted; .*, or in the field ca\\.crt of ${secret}$`),
      ],
      [
        "a broken authority",
        { ...fields, "ca.crt": "x" },
        undefined,
        new RegExp(`^${secret}: field ca\\.crt holds no certificate .*; recreate the Secret$`),
      ],
    ];
    for (const [name, data, bound, expected] of rows) {
      put("x", data, bound);
      const { problems } = await ask({ ssh_key_name: "x" });
      assert.ok(problems.length > 0 && problems.every((problem) => expected.test(problem)), `${name}: ${problems.join("\n")}`);
    }

    put("reader", await holderOf(READS));
    const { problems } = await ask({ manifest_ssh_key_name: "reader" });
    const mayNotPush =
      door === "app"
        ? /^GitHub gives the App of Secret gitops-operator\/reader no token for .*manifests\.git \(HTTP 422: .*, and give the App the permission contents: write$/
        : /manifests\.git refuses the token of Secret gitops-operator\/reader \(HTTP 403: .*\): it may not push there; give it the right to write the repository's contents$/;
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", mayNotPush);
  });
}

test("--live with a token that the host does not take, and as an App that GitHub does not know: the fields to correct are named", async (t) => {
  const token = await startShop(t, "token");
  token.put("x", { ...token.fields, password: `tok-${"f".repeat(36)}` });
  const wrong = await token.ask({ ssh_key_name: "x" });
  assert.match(
    wrong.problems[0] ?? "",
    /shop\.git refuses the token of Secret gitops-operator\/x \(HTTP 401: .*\): it is wrong, expired or revoked; put a valid one into the Secret, field password, and the user that it goes with into the field username$/,
  );
  assert.ok(!JSON.stringify(wrong).includes("fffff"));
  const app = await startShop(t, "app");
  for (const [field, expected] of [
    [
      "githubAppID",
      /^GitHub does not know the App of Secret gitops-operator\/x \(HTTP 401: .*; correct githubAppID and githubAppPrivateKey, /,
    ],
    [
      "githubAppInstallationID",
      /^GitHub knows no such installation of the App of Secret gitops-operator\/x \(HTTP 404: .*; correct githubAppInstallationID/,
    ],
  ] as const) {
    app.put("x", { ...app.fields, [field]: "77" });
    const { problems } = await app.ask({ ssh_key_name: "x" });
    assert.match(problems[0] ?? "", expected);
    assert.equal(problems.length, 2, problems.join("\n"));
  }
});

test("--live with the same App for builds: its Secret is told, and the permission that it lacks", async (t) => {
  const { world, host, app, ask } = await startShop(t, "app");
  const annotations = { forge_token_secret_name: "ssh-key" };
  assert.deepEqual((await ask(annotations)).problems, []);
  world.ci.setRuns("team/shop", await app.commit({ "index.html": "2" }), [{ status: "in_progress" }]);
  assert.match((await ask(annotations)).waiting.join(), /Build running for /);
  for (const one of host.apps.all) one.permissions = [];
  assert.match(
    (await ask(annotations)).problems.join(),
    /^build status unknown: GitHub gives the App of Secret gitops-operator\/ssh-key no token for .*; let its installation have that repository, and give the App the permission actions: read$/,
  );
});
