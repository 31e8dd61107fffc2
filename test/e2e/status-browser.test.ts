/** The page in a real browser, with the real operator behind it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { manifestOf } from "../../sandbox/world.ts";
import { skipWithoutChromium, startBrowser } from "../browser.ts";
import { eventually } from "../eventually.ts";
import { OLD, startStage } from "./stage.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const MOST_MS = 60_000;

test("the page in a browser", { skip: skipWithoutChromium() }, async (t) => {
  const stage = await startStage(t, { env: { RECONCILE_TOKEN: TOKEN, CLUSTER_NAME: "eu-1", RECONCILE_INTERVAL_SECONDS: "3600" } });
  const files = Object.fromEntries(["shop", "till"].map((name) => [`${name}/deployment.yaml`, manifestOf(name, `team/${name}:${OLD}`)]));
  await stage.repository("team/manifests.git", files);
  const apps = { shop: await stage.repository("team/shop.git", { a: "1" }), till: await stage.repository("team/till.git", { a: "1" }) };
  await stage.deploy({ name: "shop" });
  await stage.deploy({ name: "till", namespace: "cash" });
  await stage.deploy({ name: "broken", annotations: { deployment_path: "missing.yaml" } });
  await stage.deploy({ name: `long-${"name-".repeat(40)}x`, annotations: { ssh_key_name: null } });
  const reconcile = (query = "") => fetch(`${stage.url}/reconcile${query}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal((await reconcile()).status, 200);
  const browser = await startBrowser(t);
  const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

  async function open(path: string, options: BrowserContextOptions = {}) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(MOST_MS);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(stage.url + path);
    return { page, problems, close: () => context.close() };
  }

  /** What people with a reader, a keyboard or weak eyes would stumble over. */
  async function stumbles(page: Page): Promise<string[]> {
    // Put in from outside: the page's own policy lets in nothing.
    const session = await page.context().newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: axe });
    const { violations } = await page.evaluate(() =>
      (
        globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }
      ).axe.run(),
    );
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  }
  const isWide = (page: Page) => page.evaluate<boolean>("document.documentElement.scrollWidth > document.documentElement.clientWidth");

  await t.test("a search narrows the page, and its links keep it", async () => {
    const { page, problems, close } = await open("/status");
    await page.getByLabel("Text").fill("TILL");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/text=TILL/);
    assert.deepEqual(await page.locator("li.row h3").allInnerTexts(), ["cash/till"]);
    await page.getByRole("link", { name: "cash/till" }).click();
    await page.waitForURL(/\/status\/cash\/till\?text=TILL/);
    await page.getByRole("link", { name: "gitops-operator" }).click();
    await page.waitForURL(/\/status\?text=TILL/);
    await page.getByLabel("State").selectOption("failing");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("Nothing that is asked for").waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  await t.test("what changes is seen without a reload, in its place, and the times count", async () => {
    const { page, problems, close } = await open("/status");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    const before = await page.locator("header .facts time").last().innerText();
    const sha = await apps.shop.commit({ a: "2" });
    assert.equal((await reconcile("?deployment=shop")).status, 200);
    await page
      .locator("#pushed li.row")
      .filter({ hasText: sha.slice(0, 7) })
      .waitFor();
    await stage.deploy({ name: "shop", image: `team/shop:${sha}` });
    await page.locator("#ok li.row").filter({ hasText: "default/shop" }).waitFor();
    await page.locator("nav a.ok").filter({ hasText: "1 up to date" }).waitFor();
    await page.waitForFunction(`[...document.querySelectorAll("header .facts time")].at(-1)?.textContent !== ${JSON.stringify(before)}`);
    assert.equal(await page.evaluate(() => (globalThis as { isSamePage?: boolean }).isSamePage), true);
    assert.deepEqual(problems, []);
    await close();
  });

  await t.test("the button asks for the token, keeps it in the page alone, and tells what came of it", async () => {
    const { page, close } = await open("/status/cash/till");
    const sha = await apps.till.commit({ a: "2" });
    const asked: string[] = [];
    page.on(
      "request",
      (request) => request.url().includes("/reconcile") && asked.push(`${request.method()} ${new URL(request.url()).search}`),
    );
    assert.equal(await page.getByText("a person").count(), 0);
    await page.getByRole("button", { name: "Reconcile now" }).click();
    await page.getByLabel("RECONCILE_TOKEN").fill(TOKEN);
    await page.getByRole("button", { name: "Send" }).click();
    await page
      .locator("#outcome")
      .filter({ hasText: `patched successfully to version ${sha}` })
      .waitFor();
    assert.deepEqual([...new Set(asked)], ["POST ?namespace=cash&deployment=till&kind=Deployment"]);
    await page.getByText("the last 2").waitFor();
    const kept = await page.evaluate<string>(
      "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML])",
    );
    assert.ok(!kept.includes(TOKEN));
    await page.reload();
    assert.equal(await page.getByText("the last 2").count(), 0);
    await close();
  });

  await t.test("a page of another origin can't start a pass, with whatever a browser can send", async () => {
    const elsewhere = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(
        `<img src="${stage.url}/reconcile"><iframe name="f"></iframe><form target="f" method="post" action="${stage.url}/reconcile"><button>go</button></form>`,
      );
    }).listen(0, "127.0.0.1");
    t.after(() => elsewhere.close());
    await once(elsewhere, "listening");
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
    await page.getByRole("button").click();
    const countOf = async (method: string, status: number) => {
      const lines = (await stage.text("/metrics")).split("\n").filter((line) => /^http_server_request\w*_count\{/.test(line));
      const found = lines.find((line) => [`"/reconcile"`, `"${method}"`, `"${status}"`].every((label) => line.includes(label)));
      return Number(found?.split(" ").at(-1) ?? 0);
    };
    // The image and the form.
    await eventually(async () => (await countOf("GET", 403)) === 1 && (await countOf("POST", 403)) === 1, await stage.text("/metrics"));
    await context.close();
  });

  await t.test("with the keyboard alone: search, a row, the button and the dialog", async () => {
    const { page, close } = await open("/status");
    const focused = () => page.evaluate<string>(`document.activeElement?.textContent ?? ""`);
    async function tabTo(text: string) {
      for (let tries = 0; tries < 60; tries++) {
        await page.keyboard.press("Tab");
        if ((await focused()).includes(text)) return;
      }
      assert.fail(`${text} is not reached`);
    }
    await tabTo("Reconcile all now");
    await tabTo("cash/till");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/status\/cash\/till/);
    await tabTo("Reconcile now");
    await page.keyboard.press("Enter");
    await page.getByLabel("RECONCILE_TOKEN").waitFor();
    assert.equal(await page.evaluate("document.activeElement?.tagName"), "INPUT");
    await page.keyboard.press("Escape");
    await page.locator("#outcome").filter({ hasText: "it needs the token" }).waitFor();
    assert.match(await focused(), /Reconcile now/);
    await close();
  });

  for (const [name, options] of [
    ["light", { viewport: { width: 1280, height: 900 } }],
    ["dark", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }],
    ["390 px", { viewport: { width: 390, height: 844 } }],
  ] as const) {
    await t.test(`${name}: nobody stumbles, and nothing is wider than the window`, async () => {
      for (const path of ["/status", "/status/default/shop", "/status/default/broken", "/status/nowhere/at"]) {
        const { page, close } = await open(path, options);
        if (path !== "/status/nowhere/at") await page.getByText("Live", { exact: true }).waitFor();
        assert.deepEqual(await stumbles(page), [], path);
        assert.equal(await isWide(page), false, path);
        await close();
      }
    });
  }

  await t.test("without script: the same page, its search and its links, and nothing that would do nothing", async () => {
    const { page, close } = await open("/status", { javaScriptEnabled: false });
    assert.equal(await page.getByRole("button", { name: /Reconcile/ }).count(), 0);
    await page.getByLabel("Namespace").selectOption("cash");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/namespace=cash/);
    await page.getByRole("link", { name: "cash/till" }).click();
    await page.getByText("Annotations as understood").waitFor();
    await close();
  });
});
