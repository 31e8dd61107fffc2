import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { retryAfterMs } from "../src/adapters/egress/retry-after.ts";
import { parseRuns } from "../src/adapters/forge/github.ts";
import { parseCommit } from "../src/adapters/git/packs/parse-commit.ts";
import { chooseCapabilities, valuesOf } from "../src/adapters/git/wire/capabilities.ts";
import { createPktReader, FLUSH, pkt, readLines } from "../src/adapters/git/wire/pkt-line.ts";
import { createRefPicker } from "../src/adapters/git/wire/ref-listing.ts";
import { sshRefusal } from "../src/adapters/git/wire/ssh-refusal.ts";
import { createTagPicker } from "../src/adapters/git/wire/tag-listing.ts";
import { eventObject } from "../src/adapters/kubernetes/event-object.ts";
import { statusMessage } from "../src/adapters/kubernetes/kube-error.ts";
import { readListPage, readWatchEvent } from "../src/adapters/kubernetes/kube-messages.ts";
import { splitLines } from "../src/adapters/kubernetes/split-lines.ts";
import { parseWorkloadRecord } from "../src/adapters/kubernetes/workload-record.ts";
import { parseAuthChallenges } from "../src/adapters/registry/auth-challenges.ts";
import { findCredentials, parseDockerConfig } from "../src/adapters/registry/docker-config.ts";
import { denied } from "../src/adapters/registry/refusal.ts";
import { decideRealm, hostOfKey, matchesHost, parseRegistryAddress } from "../src/adapters/registry/registry-address.ts";
import { parseKnownHosts } from "../src/adapters/ssh/known-hosts.ts";
import { parseSshKey } from "../src/adapters/ssh/ssh-key.ts";
import { parseConfig } from "../src/config.ts";
import { annotationNames } from "../src/core/annotation-names.ts";
import { annotationPrefix } from "../src/core/annotations.ts";
import { commitMessage, isOperatorCommit } from "../src/core/commits/commit-message.ts";
import { commitUrl, fileUrl } from "../src/core/commits/web-links.ts";
import { pushRemedy } from "../src/core/delivery/push-refusal.ts";
import { parseImageName, parseImageReference, parseRegistryUrl } from "../src/core/image.ts";
import { parseManifestPath } from "../src/core/manifest-path.ts";
import { escapeChat } from "../src/core/news/chat-text.ts";
import { readPlaces } from "../src/core/places/file-places.ts";
import { parseReleasePattern } from "../src/core/release-pattern.ts";
import { parseRepository } from "../src/core/repository.ts";
import { isAllowed, parseAllowedRepositories } from "../src/core/targets/allowed-repositories.ts";
import { branchProblem } from "../src/core/targets/branch.ts";
import { parseDeploymentPath } from "../src/core/targets/deployment-path.ts";
import { parseTarget } from "../src/core/targets/target.ts";
import { unknownName } from "../src/core/unknown-name.ts";
import { html } from "../src/http/pages/html.ts";
import { parseQueryFilter } from "../src/http/query-filter.ts";
import { createRedactor } from "../src/telemetry/redact.ts";
import { replaceSecretShapes } from "../src/telemetry/secret-shapes.ts";
import { escapeControl } from "../src/text/escape.ts";
import { serverWords } from "../src/text/server-words.ts";
import { schema } from "../src/variables.ts";
import { required } from "./core/required-annotations.ts";
import { targetOf } from "./core/targets.ts";
import { growthOf, inReferences, MOST_GROWTH } from "./growth.ts";

/** Fed with its cap's worth of a piece again and again, within each frame, where `|` stands for it. */
interface Parser {
  readonly name: string;
  readonly mostCharacters: number;
  readonly parse: (text: string) => unknown;
  readonly frames?: readonly string[];
  /** Besides every special character. */
  readonly pieces?: readonly string[];
  /** The API server is no tenant: its pages are as long as the Deployments are, and judged by growth alone. */
  readonly ofApiServer?: true;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const HEADER = 16 * KIB;
const FIELD = 64 * KIB;
/** A reference is about a millisecond: no other work waits longer than 50 ms. */
const MOST_REFERENCES = 50;

/** ASCII that means something somewhere, letters and digits of each kind, and of Unicode what is special. */
const SPECIAL = [..." \t\n\r\0!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0aAé\u2028\u200b😀\ud800"];
const SSH = { transport: "ssh", user: "git", host: "github.com", port: 22 } as const;
const secret = { namespace: "shop", name: "key" };
const commit = {
  sha: "a".repeat(40),
  tree: "b".repeat(40),
  parents: [],
  time: 0,
  author: { name: "A", email: "a@example.org" },
  subject: "m",
  hasTrailers: false,
};
const registry = new URL("https://registry.example");
const imageQuestion = { repository: "team/app", credentials: { kind: "identity", token: "t" }, whyAnonymous: "" } as const;

async function gitLines(text: string): Promise<unknown> {
  const lines = text.match(/.{1,60000}/gsu) ?? [];
  return readLines(createPktReader(Readable.from([Buffer.from(lines.map(pkt).join("") + FLUSH)]), MIB));
}

function dockerConfig(text: string): unknown {
  const auth = Buffer.from(`u:${text}`).toString("base64");
  const parsed = parseDockerConfig(
    JSON.stringify({ auths: { [text]: { auth: "YTpi" }, [`registry.example/${text}x`]: { auth }, x: { auth: text } } }),
  );
  const other = parseDockerConfig(JSON.stringify({ auths: { [text]: { auth: "YTpi" }, [`registry.example/${text}x`]: { auth } } }));
  return "problem" in other ? parsed : findCredentials(other, registry, "team/app");
}

const annotated = (annotations: Record<string, string>) =>
  parseTarget(
    {
      kind: "Deployment",
      namespace: "shop",
      name: "shop",
      containers: [],
      annotations: Object.fromEntries(
        Object.entries({ ...required, ...annotations }).map(([name, text]) => [annotationPrefix + name, text]),
      ),
    },
    "gitops-operator",
  );

function redactWith(secretText: string): (text: string) => string {
  const redactor = createRedactor();
  redactor.watch(secretText);
  return redactor.redact;
}

const nearlySecret = redactWith(Array.from({ length: 500 }, (_, i) => `${SPECIAL[i % SPECIAL.length]}`.repeat(15) + i).join("\n"));

const parsers: readonly Parser[] = [
  { name: "annotations", mostCharacters: 2_048, parse: (text) => annotationNames.map((name) => annotated({ [name]: text })) },
  { name: "names of annotations", mostCharacters: 256 * KIB, parse: (text) => annotated({ [text]: "x" }) },
  {
    name: "repository",
    mostCharacters: 2_048,
    parse: parseRepository,
    frames: ["|", "git@|", "git@github.com:|x\n", "ssh://|", "https://github.com/|", "ssh://git@[|", "|:|"],
  },
  {
    name: "image name",
    mostCharacters: 2_048,
    parse: parseImageName,
    frames: ["|", "ghcr.io/|!", "a|!", "|/|@|"],
    pieces: ["a-", "a.", "a__", "a/"],
  },
  {
    name: "image reference",
    mostCharacters: 2_048,
    parse: parseImageReference,
    frames: ["|", "a:|!", "a@sha256:|"],
    pieces: ["a-", "a.", "a:"],
  },
  { name: "registry URL", mostCharacters: 2_048, parse: parseRegistryUrl, frames: ["|", "https://|", "https://a/|", "http://[|"] },
  { name: "branch", mostCharacters: 255, parse: branchProblem, frames: ["|", "a|.lock"], pieces: ["a/", "/.", "@{"] },
  { name: "paths of the manifests", mostCharacters: 2_048, parse: parseDeploymentPath, pieces: ["a,", "**/", "a#b", " \n"] },
  { name: "path of a manifest", mostCharacters: 1_024, parse: parseManifestPath, frames: ["|", "a/|/b"], pieces: ["a/", "./", "../"] },
  {
    name: "allowed repositories",
    mostCharacters: 256 * KIB,
    parse: (text) => {
      const parsed = parseAllowedRepositories(text);
      return parsed.kind === "ok" ? isAllowed(parsed.allowed, { ...SSH, path: `team/${"a".repeat(2_000)}` }) : parsed;
    },
    frames: ["|", "github.com/team/|"],
    pieces: ["*a", "**/", "github.com/*/*a "],
  },
  {
    name: "unknown name",
    mostCharacters: HEADER,
    parse: (text) => unknownName({ deployment: text }, [{ kind: "Deployment", namespace: "shop", name: "shop" }]),
  },
  { name: "query", mostCharacters: HEADER, parse: (text) => parseQueryFilter({ namespace: text, deployment: text }) },
  { name: "control characters", mostCharacters: 4 * KIB, parse: escapeControl },
  { name: "chat message", mostCharacters: MIB, parse: escapeChat, pieces: ["www.", "a_", "@a", "]("] },
  {
    name: "commit message",
    mostCharacters: MIB,
    parse: (text) =>
      commitMessage({
        paths: ["a.yaml"],
        target: targetOf("shop"),
        tag: "v",
        appCommit: { ...commit, subject: text, author: { ...commit.author, name: text } },
      }),
    pieces: ["A-", "gh-1", "@a", "://", "skip-checks", "[["],
  },
  { name: "own commit", mostCharacters: MIB, parse: (text) => isOperatorCommit({ ...commit, subject: text }, commit.author) },
  {
    name: "commit object",
    mostCharacters: 256 * KIB,
    parse: (text) => parseCommit(Buffer.from(text)),
    frames: ["|", "tree a\nauthor |\ncommitter |", "tree a\nauthor A <|", "tree a\nparent |", "tree a\n\n|"],
    pieces: ["< ", " <", "> ", "parent a\n", "author <\n"],
  },
  {
    name: "links",
    mostCharacters: 2_048,
    parse: (text) => [
      commitUrl({ ...SSH, path: `a${text}/b` }, commit.sha, "github.com"),
      fileUrl({ ...SSH, path: `a${text}/b` }, text, text, "github.com"),
    ],
  },
  {
    name: "refused push",
    mostCharacters: 8 * KIB,
    parse: (text) => pushRemedy(text, "key"),
    pieces: ["author ", "e-mail ", "committer email", "commit message", "GH0"],
  },
  {
    name: "refused login",
    mostCharacters: MIB,
    parse: (text) => sshRefusal({ ...SSH, path: text.slice(0, 2_048) }, "git-upload-pack", text),
    pieces: ["IP ", "not have a ", "timed ", "a.git ", "'/"],
  },
  {
    name: "words of a server",
    mostCharacters: MIB,
    parse: serverWords,
    frames: ["|", "remote:|x", "=====|x"],
    pieces: ["remote:", " remote:", "=*", "\r\n"],
  },
  { name: "lines of git", mostCharacters: 200 * KIB, parse: gitLines, frames: ["|", "ERR |"] },
  {
    name: "listed ref",
    mostCharacters: 64 * KIB,
    parse: (text) => {
      const picker = createRefPicker("main", text);
      for (const line of [`${commit.sha} HEAD${text}`, `${commit.sha} refs/heads/${text}`, text]) picker.look(line);
      return picker.listing;
    },
    frames: ["|", " symref-target:refs/heads/|"],
    pieces: [" symref-target:refs/heads/", " s"],
  },
  {
    name: "tags",
    mostCharacters: 64 * KIB,
    parse: (text) => {
      const parsed = parseReleasePattern("v*1*-*.*");
      if (parsed.kind === "error") throw new Error(parsed.problem);
      const picker = createTagPicker(parsed.pattern);
      for (const line of [`${commit.sha} refs/tags/v${text}`, `${commit.sha} refs/tags/v1.0.0-a peeled:${text}`, text]) picker.look(line);
      return picker.releases;
    },
    frames: ["|", "1.0.0-|", "1.0.0-a^{}|"],
    pieces: [" peeled:", "^{}", "1.", "-1"],
  },
  { name: "glob of releases", mostCharacters: 8 * KIB, parse: parseReleasePattern, frames: ["|", "v|*"] },
  {
    name: "capabilities",
    mostCharacters: 64 * KIB,
    parse: (text) => [chooseCapabilities(text.split(" "), [["agent"], ["ofs-delta"]]), valuesOf(text.split(" "), "agent")],
    pieces: ["agent=", "agent "],
  },
  {
    name: "SSH key",
    mostCharacters: FIELD,
    parse: (text) => parseSshKey(text, secret),
    frames: [
      "|",
      "-----BEGIN PRIVATE KEY-----|",
      "-----BEGIN |",
      "-----BEGIN OPENSSH PRIVATE KEY-----\n|\n-----END OPENSSH PRIVATE KEY-----",
    ],
    pieces: ["-----BEGIN PRIVATE KEY-----", "-----BEGIN A ", "A ", "\\n", "-----END PRIVATE KEY-----", "Proc-Type:"],
  },
  {
    name: "known hosts",
    mostCharacters: HEADER,
    parse: (text) => parseKnownHosts([{ name: "a", text }]).keysOf(`a${"b".repeat(200)}.example`, 22),
    frames: ["|", "| ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", "a ssh-ed25519 |"],
    pieces: ["*?", "*b", "a,", "a\n"],
  },
  {
    name: "Docker configuration",
    mostCharacters: FIELD / 4,
    parse: dockerConfig,
    frames: ["|"],
    pieces: ["/v1/", "*.", "\\0"],
  },
  {
    name: "Docker configuration as text",
    mostCharacters: FIELD,
    parse: parseDockerConfig,
    frames: ["|", '{"auths":|}'],
    pieces: ['{"a":', "[", '"a":{},'],
  },
  {
    name: "key of a Docker configuration",
    mostCharacters: FIELD,
    parse: (text) => [hostOfKey(text, "https:"), matchesHost(text, registry)],
    frames: ["|", "https://|", "a|.example"],
    pieces: ["*.", "a.", "*a"],
  },
  { name: "address of a registry", mostCharacters: 2_048, parse: parseRegistryAddress, frames: ["|", "https://a/|x", "https://|"] },
  {
    name: "login that a registry asks for",
    mostCharacters: HEADER,
    parse: parseAuthChallenges,
    frames: ["|", 'Bearer realm="|', "Bearer |x", "Bearer a|=|", "|, Basic"],
    pieces: ["a=", 'a="a",', "\\a", "a b= ", "a ,", "Basic "],
  },
  {
    name: "realm",
    mostCharacters: HEADER,
    parse: (text) => decideRealm(registry, text, { insecureHosts: new Set(), realmHosts: new Set() }),
    frames: ["|", "https://|.example", "https://a/|", "https://|@a"],
    pieces: ["a.", "co.", "%41"],
  },
  {
    name: "refusal of a registry",
    mostCharacters: MIB,
    parse: (text) => denied({ status: 401, host: "a", wereSent: true, text }, imageQuestion),
    pieces: ["expire"],
  },
  {
    name: "Retry-After",
    mostCharacters: HEADER,
    parse: (text) => retryAfterMs({ "retry-after": text, date: text }),
    frames: ["|", "Sat, 1 |"],
    pieces: ["1 ", "(", "Sat "],
  },
  {
    name: "runs of a workflow",
    mostCharacters: MIB,
    parse: parseRuns,
    frames: ['{"workflow_runs":[{"a":"|"}]}'],
    pieces: ['"},{"a":"', "\\\\"],
  },
  {
    name: "answer of the API server",
    ofApiServer: true,
    mostCharacters: MIB,
    parse: statusMessage,
    frames: ['{"message":"|"}', "a|"],
    pieces: ["\\\\n"],
  },
  {
    name: "page of a list",
    ofApiServer: true,
    mostCharacters: MIB,
    parse: readListPage,
    frames: ['{"metadata":{"resourceVersion":"1"},"items":[{"a":"|"}]}'],
    pieces: ['"},{"a":"'],
  },
  {
    name: "event of a watch",
    ofApiServer: true,
    mostCharacters: MIB,
    parse: readWatchEvent,
    frames: ['{"type":"ERROR","object":{"message":"|"}}'],
    pieces: ['","a":"'],
  },
  {
    name: "lines of a watch",
    ofApiServer: true,
    mostCharacters: 16 * KIB,
    parse: (text) => Array.fromAsync(splitLines(Readable.from([Buffer.from(text)]), MIB)),
    pieces: ["a\n", "\r\n"],
  },
  {
    name: "Deployment",
    mostCharacters: 256 * KIB,
    parse: (text) =>
      parseWorkloadRecord(
        {
          metadata: { namespace: "shop", name: "shop", annotations: { [`${annotationPrefix}enabled`]: text, [text]: text } },
          spec: { template: { spec: { containers: [{ name: text, image: text }] } } },
        },
        { kind: "Deployment", apiVersion: "apps/v1" },
      ),
  },
  {
    name: "Event",
    mostCharacters: 256 * KIB,
    parse: (text) =>
      eventObject(
        {
          about: { kind: "Deployment", namespace: "shop", name: text },
          event: { type: "Normal", reason: "Failed", note: text } as never,
          atMicros: 1,
        },
        text,
      ),
  },
  { name: "page", mostCharacters: 64 * KIB, parse: (text) => html`${text}` },
  {
    name: "variables",
    mostCharacters: 4 * KIB,
    parse: (text) => parseConfig(Object.fromEntries(Object.keys(schema.shape).map((name) => [name, text]))),
    pieces: ["a,", "10.", "::", "a/"],
  },
  {
    name: "Git LFS pointer",
    mostCharacters: 64 * KIB,
    parse: (text) => readPlaces({ text, path: "a.yaml", image: { repository: "team/app" } }),
    frames: ["version https://git-lfs.github.com/spec/v1\n|"],
  },
  {
    name: "shapes of secrets",
    mostCharacters: FIELD,
    parse: replaceSecretShapes,
    frames: ["|", "://h/|", "-----BEGIN A KEY-----|", "Bearer |", '"token": |', "eyJ|"],
    pieces: [
      "-----BEGIN A-----",
      "eyJ",
      "x://a@",
      "/a",
      "/web-hook",
      "Bearer ",
      '"password" ',
      '\\"token\\"',
      "basic\t",
      "TAAAAAAA/",
      "A\\n",
      "\\\\",
    ],
  },
  {
    name: "live secrets",
    mostCharacters: HEADER,
    parse: nearlySecret,
    frames: ["|", "|1"],
    pieces: ["              x", "aaaaaaaaaaaaaax", "😀😀😀x"],
  },
];

for (const { name, mostCharacters, parse, frames = ["|", "a|!"], pieces = [], ofApiServer } of parsers) {
  // S32
  test(`whatever ${name} may hold, up to its most, is read in linear time that no other work waits for`, async () => {
    for (const frame of frames) {
      for (const piece of [...SPECIAL, ...pieces]) {
        const work = async (characters: number) => {
          const text = frame.replaceAll("|", () => piece.repeat(Math.max(1, Math.floor(characters / piece.length))));
          try {
            await parse(text);
          } catch {
            // A refusal is an answer.
          }
        };
        const shown = `${JSON.stringify(piece)} within ${JSON.stringify(frame)}`;
        // Whatever else the machine does can only add: what is quick once, is quick.
        for (let attempt = 1; ; attempt++) {
          const references = await inReferences(await cpuMs(() => work(mostCharacters)));
          const growth = references < 8 ? 1 : await growthOf(Math.ceil(mostCharacters / 8), work);
          if (growth < MOST_GROWTH && (ofApiServer || references < MOST_REFERENCES)) break;
          assert.ok(attempt < 3, `${shown}: ${references} references, ${growth} times for eight times as much`);
        }
      }
    }
  });
}

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
