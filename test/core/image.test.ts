import assert from "node:assert/strict";
import { test } from "node:test";
import {
  containerAndVersion,
  formatImage,
  matchesImage,
  parseImageName,
  parseImageReference,
  parseRegistryUrl,
  withRegistry,
} from "../../src/core/image.ts";
import type { ImageName } from "../../src/core/types.ts";

const digest = `sha256:${"a".repeat(64)}`;

const references: [text: string, reference: ReturnType<typeof parseImageReference>][] = [
  ["app", { registry: "docker.io", repository: "library/app" }],
  ["app:1", { registry: "docker.io", repository: "library/app", tag: "1" }],
  ["library/app", { registry: "docker.io", repository: "library/app" }],
  ["team/app:1", { registry: "docker.io", repository: "team/app", tag: "1" }],
  ["docker.io/app", { registry: "docker.io", repository: "library/app" }],
  ["index.docker.io/team/app", { registry: "docker.io", repository: "team/app" }],
  ["registry-1.docker.io/team/app", { registry: "docker.io", repository: "team/app" }],
  ["GHCR.io/team/app", { registry: "ghcr.io", repository: "team/app" }],
  ["ghcr.io:443/app", { registry: "ghcr.io", repository: "app" }],
  [`host:5000/team/app:1@${digest}`, { registry: "host:5000", repository: "team/app", tag: "1", digest }],
  ["localhost/app:1", { registry: "localhost", repository: "app", tag: "1" }],
  ["localhost:5000/app", { registry: "localhost:5000", repository: "app" }],
  ["[::1]:5000/app:1", { registry: "[::1]:5000", repository: "app", tag: "1" }],
  [`app@${digest}`, { registry: "docker.io", repository: "library/app", digest }],
  ["a/b/c/d__e--f.g:x_Y.z-1", { registry: "docker.io", repository: "a/b/c/d__e--f.g", tag: "x_Y.z-1" }],
  ...[
    "",
    ":",
    "app:",
    "app:a b",
    "app:-x",
    "Team/app",
    "team//app",
    "/app",
    "app/",
    "https://ghcr.io/app",
    "app@sha256:1",
    "app@",
    "a b",
    "app:1\n",
    "{{ .Image }}",
    "app:$TAG",
    "ho_st.x/app",
    "a".repeat(3000),
  ].map((text): [string, undefined] => [text, undefined]),
];
for (const [text, reference] of references) {
  test(`${JSON.stringify(text.slice(0, 60))} ${reference ? "is an image reference" : "is none"}`, () =>
    assert.deepEqual(parseImageReference(text), reference));
}

const names: [text: string, image: ImageName][] = [
  ["kainlite/gitops-operator", { repository: "kainlite/gitops-operator" }],
  ["app", { repository: "app" }],
  ["docker.io/app", { registry: "docker.io", repository: "library/app" }],
  ["ghcr.io/app", { registry: "ghcr.io", repository: "app" }],
  ["localhost:5000/team/app", { registry: "localhost:5000", repository: "team/app" }],
];
for (const [text, image] of names)
  test(`image_name ${text} is understood`, () => assert.deepEqual(parseImageName(text), { kind: "ok", image }));

const badNames: [text: string, problem: RegExp][] = [
  ["team/app:1", /holds a tag.*without it/],
  ["localhost:5000", /holds a tag/],
  [`team/app@${digest}`, /holds a digest.*without it/],
  ["https://ghcr.io/team/app", /is a URL.*without scheme/],
  ["Team/App", /lower-case/],
  ["team/", /no image name/],
  ["../app", /is none|no image name/],
  ["ghcr..io/app", /host that is none/],
  ["", /no image name/],
  ["a".repeat(3000), /too long/],
];
for (const [text, problem] of badNames) {
  test(`image_name ${JSON.stringify(text.slice(0, 40))} is refused with the remedy`, () => {
    const result = parseImageName(text);
    assert.equal(result.kind, "error");
    assert.match(result.problem, problem);
  });
}

const urls: [text: string, registry: string, url: string][] = [
  ["https://index.docker.io/v1/", "docker.io", "https://index.docker.io/v1/"],
  ["https://docker.io", "docker.io", "https://docker.io/"],
  ["https://registry-1.docker.io", "docker.io", "https://registry-1.docker.io/"],
  ["ghcr.io", "ghcr.io", "https://ghcr.io/"],
  ["localhost:5000", "localhost:5000", "https://localhost:5000/"],
  ["http://registry.example:5000/base/", "registry.example:5000", "http://registry.example:5000/base/"],
  ["https://GHCR.io:443/v2", "ghcr.io", "https://ghcr.io/v2"],
];
for (const [text, registry, url] of urls) {
  test(`registry_secret_url ${text} is ${registry}`, () => assert.deepEqual(parseRegistryUrl(text), { kind: "ok", registry, url }));
}

for (const text of [
  "",
  "ftp://x",
  "file:///x",
  "https://u:hunter2@ghcr.io",
  "https://ghcr.io@evil.example",
  "https://ghcr.io/?hunter2",
  "https://ghcr.io/#x",
  "https://gh\tcr.io",
  "https:\\\\ghcr.io",
  "https://",
  "https://ghcr.io/a b",
  "https://ghcr.io:99999",
  "https://evil.exämple",
]) {
  test(`registry_secret_url ${JSON.stringify(text)} is refused with the remedy, without a word of it`, () => {
    const result = parseRegistryUrl(text);
    assert.equal(result.kind, "error");
    assert.match(result.problem, /; /);
    assert.doesNotMatch(result.problem, /hunter2/);
  });
}

const matches: [reference: string, image: ImageName, isOurs: boolean][] = [
  ["team/app:1", { repository: "team/app" }, true],
  ["ghcr.io/team/app:1", { repository: "team/app" }, true],
  ["team/app-sidecar:1", { repository: "team/app" }, false],
  ["other/team/app:1", { repository: "team/app" }, false],
  ["app", { repository: "app" }, true],
  ["docker.io/library/app", { repository: "app" }, true],
  ["ghcr.io/app", { repository: "app" }, true],
  ["ghcr.io/library/app", { repository: "app" }, false],
  ["app", { repository: "library/app" }, true],
  ["team/app", { registry: "ghcr.io", repository: "team/app" }, false],
  ["GHCR.IO/team/app", { registry: "ghcr.io", repository: "team/app" }, true],
  ["ghcr.io/app", withRegistry({ repository: "app" }, "ghcr.io"), true],
  ["ghcr.io/library/app", withRegistry({ repository: "app" }, "ghcr.io"), false],
  ["app", withRegistry({ repository: "app" }, "docker.io"), true],
  ["ghcr.io/app", withRegistry({ repository: "app" }, "docker.io"), false],
];
for (const [text, image, isOurs] of matches) {
  test(`${text} is ${isOurs ? "" : "not "}the image ${JSON.stringify(image)}`, () => {
    const reference = parseImageReference(text);
    assert.ok(reference);
    assert.equal(matchesImage(reference, image), isOurs);
  });
}

test("messages show the host, and none for Docker Hub", () => {
  assert.equal(formatImage({ repository: "team/app" }), "team/app");
  assert.equal(formatImage({ registry: "docker.io", repository: "team/app" }), "team/app");
  assert.equal(formatImage({ registry: "docker.io", repository: "library/app" }), "app");
  assert.equal(formatImage({ registry: "ghcr.io", repository: "library/app" }), "ghcr.io/library/app");
});

test("a registry that is one word is shown with its port: without, it would read as a part of a path on Docker Hub", () => {
  assert.equal(formatImage({ registry: "registry", repository: "team/app" }), "registry:443/team/app");
  assert.equal(formatImage({ registry: "localhost", repository: "team/app" }), "localhost/team/app");
});

test("a path on Docker Hub that begins like a host is shown with Docker Hub's own in front", () => {
  assert.equal(formatImage({ registry: "docker.io", repository: "ghcr.io/app" }), "docker.io/ghcr.io/app");
});

test("the API shows the first container that is ours, else the first, without tag and digest", () => {
  const containers = [{ image: "proxy:2" }, { image: `host:5000/team/app:1@${digest}` }];
  assert.deepEqual(containerAndVersion(containers, { repository: "team/app" }), { container: "host:5000/team/app", version: "1" });
  assert.deepEqual(containerAndVersion(containers, { repository: "gone" }), { container: "proxy", version: "2" });
  assert.deepEqual(containerAndVersion([{ image: "localhost:5000/app" }], undefined), {
    container: "localhost:5000/app",
    version: "latest",
  });
  assert.deepEqual(containerAndVersion([{ image: `app@${digest}` }], undefined), { container: "app", version: "latest" });
  assert.deepEqual(containerAndVersion([], undefined), { container: "", version: "latest" });
});
