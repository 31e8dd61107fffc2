// One file for the image: dist/main.cjs with its source map. ssh2's optional native parts stay out (it has plain JavaScript for them), so does pino-pretty, which is for terminals.
import { build } from "esbuild";

await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/main.cjs",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  external: ["*.node", "cpu-features", "pino-pretty"],
  sourcemap: true,
  define: { "import.meta.url": "__moduleUrl" },
  banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
  logLevel: "warning",
});
