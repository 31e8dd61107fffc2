/** What esbuild must be told about single packages, so that the bundle is whole, and small in memory: its text is kept there while the program runs. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * OpenTelemetry's ES modules load @grpc/grpc-js by createRequire, which no bundler follows: the bundle would need node_modules.
 * Its CommonJS modules load it by a plain require, so those are taken; of sdk-node the class alone, without the reader of configuration files (0.8 MB).
 */
export const openTelemetry = {
  name: "opentelemetry-as-commonjs",
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^@opentelemetry\// }, async ({ path, kind, resolveDir }) => {
      if (kind === "require-call") return undefined;
      const found = await resolve(path, { kind: "require-call", resolveDir });
      return path === "@opentelemetry/sdk-node" ? { ...found, path: join(dirname(found.path), "sdk.cjs") } : found;
    }),
};

/** Node gets isomorphic-git as one CommonJS file; its ES module is the same code, of which esbuild keeps what is used, down to the packages behind it. */
export const gitAsModule = {
  name: "git-as-module",
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^[^.]/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      const isGit = path === "isomorphic-git";
      if (pluginData === "resolving" || !(isGit || importer.includes("/isomorphic-git/"))) return undefined;
      const found = await resolve(path, { kind, resolveDir, importer, pluginData: "resolving" });
      return { ...found, ...(isGit && { path: join(dirname(found.path), "index.js") }), sideEffects: false };
    }),
};

/** Of client-node only KubeConfig is used; 16 MB of generated API classes hang on its indexes, so those are cut to what KubeConfig asks for. */
export const kubeConfigCuts = [
  { filter: /[\\/]client-node[\\/]dist[\\/]index\.js$/, contents: 'export { KubeConfig } from "./config.js";' },
  {
    filter: /[\\/]client-node[\\/]dist[\\/]gen[\\/]index\.js$/,
    contents: 'export { createConfiguration } from "./configuration.js"; export { ServerConfiguration } from "./servers.js";',
  },
];

export const kubeConfigAlone = {
  name: "kube-config-alone",
  setup({ onLoad }) {
    for (const { filter, contents } of kubeConfigCuts) onLoad({ filter }, () => ({ contents }));
  },
};

/**
 * express hands body-parser on to those who parse bodies, and takes qs for those who want queries as trees; no endpoint here does either. With their
 * character sets and ways around old engines they are more than half a megabyte.
 */
export const noBodyParser = {
  name: "no-body-parser",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:body-parser|qs)$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "module.exports = {};", loader: "js" }));
  },
};

/** V8 keeps a text with a single character beyond Latin-1 in two bytes for each character. esbuild escapes them in strings, but not in regular expressions and tagged templates. */
export const asciiOnly = {
  name: "ascii-only",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
      return contents === text ? undefined : { contents, loader: path.endsWith("ts") ? "ts" : "js" };
    }),
};

/**
 * What is imported only when it is needed becomes a file of its own, neither read nor kept before. A file without such parts can also be cut to what
 * it uses. `parts`: the end of what is imported → its file.
 */
export const partsApart = (parts) => ({
  name: "parts-apart",
  setup: ({ onResolve }) =>
    onResolve({ filter: /./ }, ({ path, kind }) => {
      const part = kind === "dynamic-import" ? Object.keys(parts).find((end) => path.endsWith(end)) : undefined;
      return part === undefined ? undefined : { path: `./${parts[part]}.cjs`, external: true };
    }),
});

/**
 * Packages that the sources import plainly and that not every operator needs: a file of the program each group, which is read when the first of its
 * packages is used.
 */
export const LATE_PARTS = {
  /** For the first SSH key or connection. */
  ssh: ["ssh2"],
  /** For the first commit. */
  commits: ["isomorphic-git"],
  /** For the first address, or EGRESS_ALLOW_CIDRS. */
  addresses: ["ipaddr.js"],
  /** For the first manifest. */
  manifests: ["yaml"],
  /** For the first tags of releases. */
  releases: ["semver"],
  /** For the first registry that sends to another host for its tokens: the list of public suffixes. */
  domains: ["tldts"],
  /** For a kubeconfig; a Pod has its service account. */
  kubeconfig: ["js-yaml"],
  /** For a kubeconfig with a provider of credentials or with a proxy. */
  logins: ["hpagent", "jsonpath-plus", "openid-client", "socks", "socks-proxy-agent"],
};
/** What is used of a package that is to be cut to that. */
export const USED = { "isomorphic-git": ["writeCommit"] };
const isLate = new RegExp(`^(?:${Object.values(LATE_PARTS).flat().join("|").replaceAll(".", "\\.")})$`);
const memberFor = (name) => name.replace(/\W/g, "_");

/** An import of a late package gives an object whose members are taken from the package's part when somebody asks for them. */
export const loadedLate = {
  name: "loaded-late",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^late:/ }, ({ path }) => ({ path: path.slice("late:".length), namespace: "late-part" }));
    onLoad({ filter: /./, namespace: "late-part" }, ({ path: part }) => ({
      contents: LATE_PARTS[part].map(contentsOf).join("\n"),
      resolveDir: import.meta.dirname,
    }));
    onResolve({ filter: isLate }, ({ path, importer }) => {
      const isForProgram = /^(?!.*[\\/]node_modules[\\/])|[\\/]client-node[\\/]/.test(importer) && !Object.hasOwn(LATE_PARTS, importer);
      return isForProgram ? { path, namespace: "late" } : undefined;
    });
    onResolve({ filter: /^\.\/\w+\.cjs$/, namespace: "late" }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: "late" }, ({ path: name }) => {
      const part = Object.keys(LATE_PARTS).find((one) => LATE_PARTS[one].includes(name));
      const members = USED[name] ?? Object.keys(createRequire(import.meta.url)(name));
      return { contents: lateMembers(members, `require("./${part}.cjs").${memberFor(name)}`) };
    });
  },
};

/** The text of a module that has these members from its first use on, as plain values from then on. */
function lateMembers(members, from) {
  return `const members = ${JSON.stringify(members)};
    const load = () => { for (const name of members) Object.defineProperty(exports, name, { value: ${from}[name] }); };
    for (const name of members) Object.defineProperty(exports, name, { configurable: true, enumerable: true, get: () => (load(), exports[name]) });`;
}

function contentsOf(name) {
  const used = USED[name]?.join(", ");
  return used
    ? `import { ${used} } from "${name}"; export const ${memberFor(name)} = { ${used} };`
    : `export * as ${memberFor(name)} from "${name}";`;
}

/** undici's index loads fetch, caches and doubles for tests too, 0.4 MB; what is used here are dispatchers. */
export const dispatchersAlone = {
  name: "dispatchers-alone",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]undici[\\/]index\.js$/ }, () => ({
      contents: `Object.assign(require("./lib/dispatcher/dispatcher").prototype, require("./lib/api"));
        exports.Agent = require("./lib/dispatcher/agent");
        exports.ProxyAgent = require("./lib/dispatcher/proxy-agent");
        exports.EnvHttpProxyAgent = require("./lib/dispatcher/env-http-proxy-agent");
        exports.buildConnector = require("./lib/core/connect");`,
    })),
};

/** zod's one object `z` also has its messages in fifty languages and JSON schemas, 0.4 MB, and no bundler takes an object apart. */
export const schemasAlone = {
  name: "schemas-alone",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]classic[\\/]external\.js$/ }, () => ({
      contents: 'export * from "./schemas.js"; export { NEVER } from "../core/core.js";',
    })),
};

/** All that the endpoints answer with, and may be asked for by Accept. The whole list is 0.15 MB. */
const MEDIA_TYPES = [
  "text/html",
  "text/plain",
  "text/css",
  "text/javascript",
  "text/event-stream",
  "application/json",
  "application/octet-stream",
];

export const fewMediaTypes = {
  name: "few-media-types",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]mime-db[\\/]db\.json$/ }, async ({ path }) => {
      const all = JSON.parse(await readFile(path, "utf8"));
      return { contents: JSON.stringify(Object.fromEntries(MEDIA_TYPES.map((type) => [type, all[type]]))), loader: "json" };
    }),
};
