import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationOf, choiceNames, requiredNames } from "../../../src/core/annotation-names.ts";
import { parseTarget } from "../../../src/core/targets/target.ts";
import type { Parsed } from "../../../src/core/types.ts";
import { required } from "../required-annotations.ts";

function parse(values: Record<string, string | undefined>, others: Record<string, string> = {}): Parsed {
  const entries = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[`gitops.operator.${name}`, value]]));
  return parseTarget(
    { kind: "Deployment", namespace: "prod", name: "web", annotations: { ...Object.fromEntries(entries), ...others }, containers: [] },
    "operator-home",
  );
}

function ready(changes: Record<string, string>) {
  const parsed = parse({ ...required, ...changes });
  assert.equal(parsed.kind, "ready", JSON.stringify(parsed));
  return parsed;
}

function malformed(changes: Record<string, string>) {
  const parsed = parse({ ...required, ...changes });
  assert.equal(parsed.kind, "malformed", JSON.stringify(parsed));
  return parsed;
}

test("without an annotation of ours a Deployment is not ours", () => {
  assert.deepEqual(parse({}, { "deployment.kubernetes.io/revision": "3", "gitops.operatorx.enabled": "true" }), { kind: "untracked" });
});

test("the required annotations are enough: the rest has the defaults of the contract", () => {
  const parsed = ready({});
  assert.deepEqual(parsed, {
    kind: "ready",
    warnings: [],
    settings: {
      ...required,
      enabled: true,
      tag_type: "long",
    },
    target: {
      namespace: "prod",
      kind: "Deployment",
      name: "web",
      appRepository: { transport: "ssh", user: "git", host: "github.com", port: 22, path: "team/app.git" },
      appBranch: undefined,
      appKey: { namespace: "gitops-operator", name: "ssh-key" },
      manifestRepository: { transport: "ssh", user: "git", host: "github.com", port: 22, path: "team/manifests.git" },
      manifestBranch: undefined,
      manifestKey: { namespace: "gitops-operator", name: "ssh-key" },
      files: [{ path: "deploy/app.yaml" }],
      image: { repository: "team/app" },
      options: { ...parsed.target.options, tag_type: "long", image_check: "on" },
      tagFormat: [{ sha: 40 }],
      lookBack: 20,
      appPaths: undefined,
      releaseTags: undefined,
      pausedUntil: undefined,
      pausedReason: undefined,
      registryUrl: undefined,
      registrySecret: { namespace: "operator-home", name: "regcred", named: false },
      notificationsSecret: undefined,
      buildToken: undefined,
      hookSecret: undefined,
      signingSecret: undefined,
      report: undefined,
      notifyOn: undefined,
      proposal: undefined,
    },
  });
});

test("every optional annotation has its effect", () => {
  const { target } = ready({
    observe_branch: "main",
    tag_type: "short",
    notifications_secret_name: "chat",
    notifications_secret_namespace: "chat-home",
    notify_on: "rolled_out, failed,",
    registry_secret_url: "https://index.docker.io/v1/",
    registry_secret_name: "hub",
    registry_secret_namespace: "hub-home",
    github_token_secret_name: "token",
    manifest_branch: "deploy",
    manifest_ssh_key_name: "manifests-key",
    manifest_ssh_key_namespace: "keys",
  });
  assert.equal(target.appBranch, "main");
  assert.equal(target.manifestBranch, "deploy");
  assert.equal(target.options.tag_type, "short");
  assert.deepEqual(target.notificationsSecret, { namespace: "chat-home", name: "chat" });
  assert.deepEqual(target.notifyOn, ["failed", "rolled_out"]);
  assert.equal(target.registryUrl, "https://index.docker.io/v1/");
  assert.deepEqual(target.image, { registry: "docker.io", repository: "team/app" });
  assert.deepEqual(target.registrySecret, { namespace: "hub-home", name: "hub", named: true });
  assert.deepEqual(target.buildToken, { namespace: "operator-home", name: "token", field: "github-token", forge: "github" });
  assert.deepEqual(target.manifestKey, { namespace: "keys", name: "manifests-key" });
});

test("the manifests' branch and key default to the application's, each part by itself", () => {
  assert.equal(ready({ observe_branch: "main" }).target.manifestBranch, "main");
  assert.deepEqual(ready({ manifest_ssh_key_name: "other" }).target.manifestKey, { namespace: "gitops-operator", name: "other" });
  assert.deepEqual(ready({ manifest_ssh_key_namespace: "keys" }).target.manifestKey, { namespace: "keys", name: "ssh-key" });
});

test("git_secret_name and its kin are the same as ssh_key_name: either is enough, and two that differ are malformed", () => {
  const { ssh_key_name: _, ssh_key_namespace: __, ...others } = required;
  const byAlias = parse({ ...others, git_secret_name: "login", git_secret_namespace: "keys", manifest_git_secret_name: "writer" });
  assert.equal(byAlias.kind, "ready");
  const { appKey, manifestKey } = (byAlias as ReturnType<typeof ready>).target;
  assert.deepEqual(
    [appKey, manifestKey],
    [
      { namespace: "keys", name: "login" },
      { namespace: "keys", name: "writer" },
    ],
  );
  assert.equal(ready({ git_secret_name: required.ssh_key_name as string }).target.appKey.name, required.ssh_key_name);
  assert.deepEqual(malformed({ git_secret_name: "another" }).problems, [
    "gitops.operator.git_secret_name and gitops.operator.ssh_key_name mean the same and are set to different values; remove one of them",
  ]);
});

test("values are trimmed; an empty optional one is not set", () => {
  const { target, settings } = ready({ enabled: " true\n", image_name: "\tteam/app ", observe_branch: "  ", registry_secret_name: "" });
  assert.deepEqual(target.image, { repository: "team/app" });
  assert.equal(settings.observe_branch, undefined);
  assert.equal(target.appBranch, undefined);
  assert.equal(target.registrySecret.named, false);
});

test("what is missing or empty makes it incomplete, and all of it is named with what to set", () => {
  assert.deepEqual(parse({ ...required, ssh_key_name: undefined, image_name: " " }), {
    kind: "incomplete",
    problems: [
      "gitops.operator.image_name is missing; set it to the image without tag, for example team/app",
      "gitops.operator.ssh_key_name is missing; set it to the name of the Secret that holds the key under ssh-privatekey",
    ],
  });
  for (const name of requiredNames) {
    const parsed = parse({ ...required, [name]: "" });
    assert.equal(parsed.kind, "incomplete", name);
    assert.match(parsed.problems.join(), new RegExp(`^gitops\\.operator\\.${name} is missing; set it to `));
  }
});

test("an unknown key is a problem of an incomplete Deployment and a warning of a tracked one, with what it may have meant", () => {
  const incomplete = parse({ ...required, image_name: undefined, image_nmae: "team/app" });
  assert.equal(incomplete.kind, "incomplete");
  assert.deepEqual(incomplete.problems.slice(1), [
    "gitops.operator.image_nmae is unknown and has no effect; did you mean gitops.operator.image_name?",
  ]);
  assert.deepEqual(ready({ tagtype: "short", something_else: "x" }).warnings, [
    "gitops.operator.tagtype is unknown and has no effect; did you mean gitops.operator.tag_type?",
    "gitops.operator.something_else is unknown and has no effect; remove it",
  ]);
});

test("gitops.operator.namespace is ignored without a word, but makes the Deployment ours", () => {
  assert.deepEqual(ready({ namespace: "anything" }).warnings, []);
  const alone = parse({ namespace: "x" });
  assert.equal(alone.kind, "incomplete");
  assert.equal(alone.problems.length, 7);
});

// S17
test("a flood of unknown keys is told in a few lines and a moment", () => {
  const flood = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`image_nam${index}`, "x"]));
  const { warnings } = ready(flood);
  assert.equal(warnings.length, 11);
  assert.equal(warnings.at(-1), "9990 more unknown gitops.operator.* annotations; remove them");
});

test("only 'true' enables; what is neither true nor false is warned of", () => {
  for (const enabled of ["false", "True", "yes", "1"]) {
    const parsed = parse({ ...required, enabled });
    assert.equal(parsed.kind, "disabled");
    assert.equal(parsed.settings.enabled, false);
    assert.equal(parsed.warnings.length, enabled === "false" ? 0 : 1, enabled);
  }
});

test("disabled wins over malformed, and incomplete over disabled", () => {
  assert.equal(parse({ ...required, enabled: "false", app_repository: "file:///x" }).kind, "disabled");
  assert.equal(parse({ ...required, enabled: "false", app_repository: "" }).kind, "incomplete");
});

test("an odd tag_type is long, with a warning", () => {
  const { target, warnings } = ready({ tag_type: "Short" });
  assert.equal(target.options.tag_type, "long");
  assert.match(warnings.join(), /^gitops\.operator\.tag_type .*'long'/);
});

const malformedValues: [name: string, value: string, problem: RegExp][] = [
  ["app_repository", "file:///etc", /transport/],
  ["app_repository", "https://x:hunter2@github.com/team/app", /user or password/],
  ["manifest_repository", "http://github.com/team/manifests", /transport that is refused/],
  ["manifest_repository", "--upload-pack=x", /option/],
  ["deployment_path", "../x", /'\.\.'/],
  ["image_name", "team/app:1", /holds a tag/],
  ["observe_branch", "../../x", /'\.'|'\.\.'/],
  ["manifest_branch", "-d", /'-'/],
  ["ssh_key_name", "../../secrets/x", /name of a Secret/],
  ["ssh_key_name", "Key", /name of a Secret/],
  ["ssh_key_namespace", "a/b", /name of a namespace/],
  ["ssh_key_namespace", "a.b", /name of a namespace/],
  ["ssh_key_namespace", "a".repeat(64), /name of a namespace/],
  ["notifications_secret_name", "a?b", /name of a Secret/],
  ["notifications_secret_namespace", "..", /name of a namespace/],
  ["notify_on", "failed,patch", /names something that nobody tells; did you mean 'patched'\?/],
  ["notify_on", "everything", /write some of building, patched/],
  ["registry_secret_name", "a%2fb", /name of a Secret/],
  ["registry_secret_namespace", "a b", /name of a namespace/],
  ["registry_secret_url", "ftp://x", /http/],
  ["github_token_secret_name", "a".repeat(254), /name of a Secret/],
  ["github_token_secret_namespace", "-a", /name of a namespace/],
  ["manifest_ssh_key_name", ".", /name of a Secret/],
  ["manifest_ssh_key_namespace", "a_b", /name of a namespace/],
  ["tag_type", "x".repeat(2049), /longer than 2048 bytes/],
];
for (const [name, value, problem] of malformedValues) {
  test(`${name} = ${JSON.stringify(value.slice(0, 40))} is malformed: named in full, with the remedy`, () => {
    const { problems } = malformed({ [name]: value });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", new RegExp(`^gitops\\.operator\\.${name} .*; `));
    assert.match(problems[0] ?? "", problem);
    assert.doesNotMatch(problems.join(), /hunter2/);
  });
}

test("a Secret's name may be long and have dots, as Kubernetes allows", () => {
  assert.equal(ready({ ssh_key_name: `${"a".repeat(200)}.b-c` }).target.appKey.name.length, 204);
});

test("every malformed value is named at once", () => {
  const { problems } = malformed({
    app_repository: "x",
    manifest_repository: "y",
    deployment_path: "/",
    image_name: "A",
    observe_branch: "a b",
    ssh_key_name: "/",
    ssh_key_namespace: "/",
  });
  assert.deepEqual(
    problems.map((problem) => problem.split(" ")[0]?.replace("gitops.operator.", "")),
    ["app_repository", "manifest_repository", "deployment_path", "image_name", "observe_branch", "ssh_key_name", "ssh_key_namespace"],
  );
});

const registries: [imageName: string, url: string, image: object | RegExp][] = [
  ["app", "https://index.docker.io/v1/", { registry: "docker.io", repository: "library/app" }],
  ["app", "https://ghcr.io", { registry: "ghcr.io", repository: "app" }],
  ["ghcr.io/team/app", "https://ghcr.io/v2/", { registry: "ghcr.io", repository: "team/app" }],
  ["docker.io/team/app", "https://registry-1.docker.io", { registry: "docker.io", repository: "team/app" }],
  ["ghcr.io/team/app", "", { registry: "ghcr.io", repository: "team/app" }],
  [
    "ghcr.io/team/app",
    "https://index.docker.io/v1/",
    /^gitops\.operator\.registry_secret_url names docker\.io, but gitops\.operator\.image_name names ghcr\.io; /,
  ],
];
for (const [imageName, url, image] of registries) {
  test(`image_name ${imageName} with registry_secret_url '${url}'`, () => {
    const parsed = parse({ ...required, image_name: imageName, registry_secret_url: url });
    if (image instanceof RegExp) assert.match(parsed.kind === "malformed" ? parsed.problems.join("\n") : "", image);
    else assert.deepEqual(parsed.kind === "ready" && parsed.target.image, image);
  });
}

test("an application over https is fine; its key annotations stay required", () => {
  assert.equal(ready({ app_repository: "https://github.com/team/app" }).target.appRepository.transport, "https");
});

// P9
test("a mistake of ours that throws while one object is read is that object's problem", () => {
  const hostile = new Proxy({ "gitops.operator.enabled": "true" } as Record<string, string>, {
    get() {
      throw new TypeError("a bug");
    },
  });
  assert.deepEqual(
    parseTarget({ kind: "Deployment", namespace: "prod", name: "web", annotations: hostile, containers: [] }, "operator-home"),
    {
      kind: "incomplete",
      problems: ["could not be read, please report this: a bug"],
    },
  );
});

test("a registry Secret is named by its name or its namespace: only a default that nobody named may be absent", () => {
  const named = (changes: Record<string, string>) => ready(changes).target.registrySecret;
  assert.deepEqual(named({ registry_secret_name: "hub" }), { namespace: "operator-home", name: "hub", named: true });
  assert.deepEqual(named({ registry_secret_namespace: "kube-system" }), { namespace: "kube-system", name: "regcred", named: true });
  assert.equal(named({ registry_secret_url: "https://ghcr.io" }).named, false);
});

test("each choice may be any of its words and is one where it is not set; another word is told and never counts", () => {
  for (const name of choiceNames) {
    const { choices = {}, warning } = annotationOf(name);
    for (const word of Object.keys(choices)) assert.equal(ready({ [name]: word }).target.options[name], word);
    assert.ok(Object.hasOwn(choices, ready({}).target.options[name]), name);
    for (const odd of ["constructor", "no-such-word"]) {
      const parsed = parse({ ...required, [name]: odd });
      const told = parsed.kind === "ready" ? parsed.warnings : parsed.kind === "malformed" ? parsed.problems : [];
      assert.equal(parsed.kind, warning === undefined ? "malformed" : "ready", name);
      assert.match(told.join(), new RegExp(`^gitops\\.operator\\.${name} is n.*; (?:set it to|write) one of them$`));
    }
  }
});

test("image_check: one of three words, never less than an IMAGE_CHECK that somebody set", () => {
  const deployment = (value: string) => {
    const annotations = { ...required, image_check: value };
    const prefixed = Object.fromEntries(Object.entries(annotations).map(([name, text]) => [`gitops.operator.${name}`, text]));
    return { kind: "Deployment" as const, namespace: "prod", name: "web", annotations: prefixed, containers: [] };
  };
  const levels = ["off", "if-secret", "on"] as const;
  for (const [least, level] of levels.entries()) {
    for (const [wanted, value] of levels.entries()) {
      for (const binds of [true, false]) {
        const parsed = parseTarget(deployment(value), "operator-home", { imageCheck: { level, binds }, lookBack: 20, forges: [] });
        const isLess = binds && wanted < least;
        assert.equal(parsed.kind, isLess ? "malformed" : "ready", `${value} under ${level}, ${binds}`);
        if (parsed.kind === "ready") assert.equal(parsed.target.options.image_check, value);
      }
    }
    const unset = parseTarget(deployment(" "), "operator-home", { imageCheck: { level, binds: true }, lookBack: 20, forges: [] });
    assert.ok(unset.kind === "ready" && unset.target.options.image_check === level);
  }
  for (const [value, meant] of [
    ["OFF", "'off'"],
    ["if-secrets", "'if-secret'"],
    ["onn", "'on'"],
  ] as const) {
    assert.deepEqual(malformed({ image_check: value }).problems, [
      `gitops.operator.image_check is none of 'on', 'if-secret' and 'off'; did you mean ${meant}?`,
    ]);
  }
  assert.match(malformed({ image_check: "false" }).problems.join(), /write one of them$/);
});

// S30
test("a digest is kept unless it is to be pinned, which needs the image check", () => {
  const parsed = (more: Record<string, string>, level: "on" | "if-secret" | "off" = "on") => {
    const annotations = Object.fromEntries(
      Object.entries({ ...required, ...more }).map(([name, text]) => [`gitops.operator.${name}`, text]),
    );
    const deployment = { kind: "Deployment", namespace: "prod", name: "web", annotations, containers: [] };
    return parseTarget(deployment, "operator-home", { imageCheck: { level, binds: false }, lookBack: 20, forges: [] });
  };
  const digestOf = (one: ReturnType<typeof parsed>) => (one.kind === "ready" ? one.target.options.digest : one);
  assert.equal(digestOf(parsed({})), "keep");
  for (const level of ["on", "if-secret"] as const) assert.equal(digestOf(parsed({ digest: "pin" }, level)), "pin");
  assert.equal(digestOf(parsed({ digest: "pin", image_check: "on" }, "off")), "pin");
  for (const off of [parsed({ digest: "pin", image_check: "off" }), parsed({ digest: "pin" }, "off")]) {
    assert.deepEqual(off.kind === "malformed" && off.problems, [
      "gitops.operator.digest is 'pin', but the image check is off, so nobody tells the digest; set gitops.operator.image_check to 'on', or this one to 'keep'",
    ]);
  }
  assert.match(malformed({ digest: "Pin" }).problems.join(), /gitops\.operator\.digest is none of 'pin' and 'keep'; did you mean 'pin'\?/);
});
