import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fingerprint, readKnownHosts } from "../../../src/adapters/ssh/known-hosts.ts";

const file = fileURLToPath(new URL("../../../files/known_hosts", import.meta.url));

const github = [
  "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
  "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
  "SHA256:uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
];
const gitlab = [
  "SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
  "SHA256:ROQFvPThGrW4RuWLoL9tq9I9zJ42fK4XywyRtbOz/EQ",
  "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
];
const bitbucket = ["SHA256:FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM"];
const azure = ["SHA256:ohD8VZEXGWo6Ez8GSEJQ9WpafgLFsOfLOtGGQCQo6Og"];
const codeberg = [
  "SHA256:6QQmYi4ppFS4/+zSZ5S4IU+4sa6rwvQ4PbhCtPEBekQ",
  "SHA256:T9FYDEHELhVkulEKKwge5aVhVTbqCW0MIRwAfpARs/E",
  "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
];
const sourcehut = [
  "SHA256:1nUUjsHH0qwfjI3dYFWlXTjPUP/Un1oo6wfu9YL8tCQ",
  "SHA256:WXXNZu0YyoE3KBl5qh4GsnF1vR0NeEPYJAiPME+P09g",
  "SHA256:rvz/I0S1T/9If9+/CU0HDTF8AV4MPu5Gkkxsb7vUTH4",
];

for (const [host, port, published] of [
  ["github.com", 22, github],
  ["ssh.github.com", 443, github],
  ["gitlab.com", 22, gitlab],
  ["altssh.gitlab.com", 443, gitlab],
  ["bitbucket.org", 22, bitbucket],
  ["altssh.bitbucket.org", 443, bitbucket],
  ["ssh.dev.azure.com", 22, azure],
  ["vs-ssh.visualstudio.com", 22, azure],
  ["codeberg.org", 22, codeberg],
  ["git.sr.ht", 22, sourcehut],
  ["github.com", 443, []],
  ["ssh.github.com", 22, []],
  ["gist.github.com", 22, []],
] as const) {
  test(`the bundled host keys of ${host}:${port} are ${published.length === 0 ? "none" : "those that the forge publishes"}`, async () => {
    const { keysOf, problems } = await readKnownHosts([file]);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      keysOf(host, port)
        .trusted.map(({ key }) => fingerprint(key))
        .sort(),
      published,
    );
  });
}
