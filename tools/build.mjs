// One file for the image: dist/main.cjs with its source map. ssh2's optional native parts stay out (it has plain JavaScript for them), so does pino-pretty, which is for terminals.
import { build } from "esbuild";
import { nodeGuard } from "./node-guard.mjs";

/**
 * OpenTelemetry's ES modules load @grpc/grpc-js by createRequire, which no bundler follows: the bundle would need node_modules.
 * Its CommonJS modules load it by a plain require, so those are taken.
 */
const openTelemetry = {
  name: "opentelemetry-as-commonjs",
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^@opentelemetry\// }, ({ path, kind, resolveDir, importer }) =>
      kind === "require-call" ? undefined : resolve(path, { kind: "require-call", resolveDir, importer }),
    ),
};

await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/main.cjs",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  external: ["*.node", "cpu-features", "pino-pretty"],
  sourcemap: true,
  plugins: [openTelemetry],
  define: { "import.meta.url": "__moduleUrl" },
  banner: { js: `${nodeGuard} const __moduleUrl = require("node:url").pathToFileURL(__filename).href;` },
  logLevel: "warning",
});
