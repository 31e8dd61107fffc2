// The image's programs: dist/main.cjs, which reads the command line and loads dist/program.cjs for what is asked, dist/workshop.cjs for its threads, their source maps beside them, and the licences of what is inside.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { asciiOnly, gitAsModule, kubeConfigAlone, noBodyParser, openTelemetry, programApart } from "./bundle-plugins.mjs";
import { nodeGuard } from "./node-guard.mjs";
import { thirdPartyLicenses } from "./third-party-licenses.mjs";

const { metafile } = await build({
  entryPoints: { main: "src/main.ts", program: "src/program.ts", workshop: "src/workshop/thread.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  // ssh2 has plain JavaScript for its optional native parts; pino-pretty is for terminals.
  supported: { "dynamic-import": false },
  external: ["*.node", "cpu-features", "pino-pretty"],
  // Names stay: a stack trace says where it was without the map.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the line of an uncaught error.
  lineLimit: 200,
  legalComments: "none",
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  plugins: [programApart, gitAsModule, kubeConfigAlone, noBodyParser, openTelemetry, asciiOnly],
  define: { "import.meta.url": "__moduleUrl" },
  banner: { js: `${nodeGuard} const __moduleUrl = require("node:url").pathToFileURL(__filename).href;` },
  logLevel: "warning",
});
await writeFile("dist/THIRD-PARTY-LICENSES.txt", await thirdPartyLicenses(metafile));
