// Makes what is generated in docs/ and manifests/chart; test/assurance/assurance.test.ts, test/docs.test.ts and test/chart.test.ts tell when it is stale.
import { readFile, writeFile } from "node:fs/promises";
import { assurancePage } from "../test/assurance/assurance-page.ts";
import { markedTests } from "../test/assurance/marked-tests.ts";
import { valuesSchema, withVariables } from "./chart-values.ts";
import { withTables } from "./settings-tables.ts";

const assurance = new URL("../docs/ASSURANCE.md", import.meta.url);
const configuration = new URL("../docs/CONFIGURATION.md", import.meta.url);
await writeFile(assurance, assurancePage(await markedTests()));
await writeFile(configuration, withTables(await readFile(configuration, "utf8")));

const values = new URL("../manifests/chart/values.yaml", import.meta.url);
const text = withVariables(await readFile(values, "utf8"));
await writeFile(values, text);
await writeFile(new URL("../manifests/chart/values.schema.json", import.meta.url), valuesSchema(text));
