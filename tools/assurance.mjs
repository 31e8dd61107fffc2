// Writes docs/ASSURANCE.md; test/assurance/assurance.test.ts tells when it is stale.
import { writeFile } from "node:fs/promises";
import { assurancePage } from "../test/assurance/assurance-page.ts";
import { markedTests } from "../test/assurance/marked-tests.ts";

await writeFile(new URL("../docs/ASSURANCE.md", import.meta.url), assurancePage(await markedTests()));
