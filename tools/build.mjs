// The image's program: dist/main.cjs with its parts beside it (what is not needed is not loaded), their source maps, and the licences of what is inside.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";
import {
  asciiOnly,
  dispatchersAlone,
  fewMediaTypes,
  gitAsModule,
  kubeConfigAlone,
  LATE_PARTS,
  loadedLate,
  noBodyParser,
  openTelemetry,
  partsApart,
  schemasAlone,
} from "./bundle-plugins.mjs";
import { nodeGuard } from "./node-guard.mjs";
import { thirdPartyLicenses } from "./third-party-licenses.mjs";

const { metafile } = await build({
  entryPoints: {
    main: "src/main.ts",
    operator: "src/run-operator.ts",
    program: "src/program.ts",
    traces: "@opentelemetry/sdk-node",
    workshop: "src/workshop/thread.ts",
    ...Object.fromEntries(Object.keys(LATE_PARTS).map((part) => [part, `late:${part}`])),
  },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  // ssh2 has plain JavaScript for its optional native parts; pino-pretty is for terminals.
  external: ["*.node", "cpu-features", "pino-pretty"],
  // Names stay: a stack trace says where it was without the map.
  minifyWhitespace: true,
  minifySyntax: true,
  // Node prints the line of an uncaught error.
  lineLimit: 200,
  // Parts are loaded by require: an import would look for their exports first.
  supported: { "dynamic-import": false },
  legalComments: "none",
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  plugins: [
    partsApart({ "/run-operator.ts": "operator", "/program.ts": "program", "opentelemetry/sdk-node": "traces" }),
    loadedLate,
    ...[gitAsModule, kubeConfigAlone, noBodyParser, openTelemetry, dispatchersAlone, schemasAlone, fewMediaTypes, asciiOnly],
  ],
  define: { "import.meta.url": "__moduleUrl" },
  banner: { js: `${nodeGuard} const __moduleUrl = require("node:url").pathToFileURL(__filename).href;` },
  logLevel: "warning",
});
await writeFile("dist/THIRD-PARTY-LICENSES.txt", await thirdPartyLicenses(metafile));
