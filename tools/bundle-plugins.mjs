/** What esbuild must be told about single packages, so that the bundle is whole, and small in memory: its text is kept there while the program runs. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Node reads the whole of a file, however little of it runs: 5 MB take it longer than all that `--help` may. */
export const programApart = {
  name: "program-apart",
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: "./program.cjs", external: true })),
};

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

/** express hands body-parser on to those who parse bodies; no endpoint here does, and with its character sets it is half a megabyte. */
export const noBodyParser = {
  name: "no-body-parser",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^body-parser$/ }, ({ path }) => ({ path, namespace: "left-out" }));
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
