/** Debian's Chromium, for tests that look at pages as people do. */
import type { TestContext } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { findProgram } from "./find-program.ts";

/** For a test's `skip`. With CI set nothing is skipped: there a missing one is a failure. */
export function skipWithoutChromium(): string | false {
  return process.env.CI || findProgram("chromium") ? false : "chromium is not installed (apt-get install chromium)";
}

export async function startBrowser(t: TestContext): Promise<Browser> {
  const executablePath = findProgram("chromium") ?? "/usr/bin/chromium";
  // Its own sandbox needs rights that containers lack; it is shown nothing but the pages of the test.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"], timeout: 120_000 });
  t.after(() => browser.close());
  return browser;
}
