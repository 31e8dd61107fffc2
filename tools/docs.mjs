// Makes what is generated in docs/; test/assurance/assurance.test.ts and test/docs.test.ts tell when it is stale.
import { readFile, writeFile } from "node:fs/promises";
import { assurancePage } from "../test/assurance/assurance-page.ts";
import { markedTests } from "../test/assurance/marked-tests.ts";
import { withTables } from "./settings-tables.ts";

const assurance = new URL("../docs/ASSURANCE.md", import.meta.url);
const configuration = new URL("../docs/CONFIGURATION.md", import.meta.url);
await writeFile(assurance, assurancePage(await markedTests()));
await writeFile(configuration, withTables(await readFile(configuration, "utf8")));
