import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rollout } from "../../../src/core/types.ts";
import { STATUS_PAGE_POLICY } from "../../../src/http/pages/page-parts.ts";
import { statusPage as pieces } from "../../../src/http/pages/status-page.ts";
import { SCRIPT_PATH } from "../../../src/http/pages/status-script.ts";
import type { OperatorFacts } from "../../../src/http/rows/operator-facts.ts";
import type { PageFacts } from "../../../src/http/rows/page-facts.ts";
import { everything } from "../../../src/http/rows/status-query.ts";
import type { TrackedRow } from "../../../src/http/rows/status-row.ts";
import { growthOf, MOST_GROWTH } from "../../growth.ts";
import { attribute, type Element, elementsOf, squeeze, textOf, withClass } from "./html-elements.ts";
import { type GivenRows, manyRows, NOW, OPERATOR, row, rowsOf, threeRows } from "./status-rows.ts";

const facts = {
  ...{ now: NOW, githubHost: "github.com", isSynced: true, operator: OPERATOR, query: everything },
  redact: (text: string) => text,
  show: <T>(_name: object, make: () => T) => make(),
};
const statusPage = (rows: GivenRows, page: PageFacts) => [...pieces(() => rowsOf(rows), page)].join("");
const none: GivenRows = { tracked: [], incomplete: [], notes: [] };

const elements = (rows: GivenRows, changes: Partial<PageFacts> = {}) => elementsOf(statusPage(rows, { ...facts, ...changes }));
const itemsOf = (rows: GivenRows) => withClass(elements(rows), "row").map((item) => squeeze(textOf(item)));

test("counts first, then what fails, with its reason, since when, and the links", () => {
  const all = elements(threeRows());
  assert.deepEqual(
    all.filter(({ tagName }) => tagName === "h2").map((heading) => squeeze(textOf(heading))),
    ["Failing 1", "Waiting 1", "Up to date 1"],
  );
  const summary = all.find(({ tagName }) => tagName === "nav");
  assert.equal(squeeze(summary ? textOf(summary) : ""), "1 failing 1 waiting 1 up to date");
  const [failing = "", waiting = "", healthy = ""] = itemsOf(threeRows());
  assert.match(failing, /^shop\/checkout .* for 2 days Failed to get SSH key: Secret shop\/ssh-key does not exist: .* 'long' is used$/);
  assert.match(
    waiting,
    /commit [0-9a-f]{7} → image team\/search:[0-9a-f]{7} \([0-9a-f]{7} is running\) → manifest search\/deployment\.yaml/,
  );
  assert.match(waiting, /for 1 minute Build running for team\/search/);
  assert.match(healthy, /^default\/shop commit [0-9a-f]{7} → image team\/shop:[0-9a-f]{7} → manifest [0-9a-f]{7} for 3 hours$/);
  const hrefs = all.flatMap((one) => (one.tagName === "a" ? [attribute(one, "href") ?? ""] : []));
  const { tag, manifest } = row("shop");
  assert.ok(hrefs.includes(`https://github.com/team/shop/commit/${tag}`));
  assert.ok(hrefs.includes(`https://github.com/team/manifests/commit/${manifest.commit}`));
  assert.ok(hrefs.includes("https://github.com/team/manifests/blob/main/search/deployment.yaml"));
  const [time] = all.filter(({ tagName, attrs }) => tagName === "time" && attrs.some(({ value }) => value.startsWith("since ")));
  assert.equal(time && attribute(time, "datetime"), "2026-03-02T05:06:02.000Z");
});

test("no Deployment, one, and three hundred of every kind", async () => {
  assert.match(statusPage(none, facts), /No deployments with gitops\.operator annotations were found\./);
  elements(none);
  assert.match(
    statusPage(none, { ...facts, isSynced: false }),
    /<p class="none">The Kubernetes API server has not given its Deployments yet;/,
  );
  assert.match(statusPage({ tracked: [row("shop")], incomplete: [], notes: [] }, facts), /<p>1 tracked Deployment,/);
  const many = manyRows();
  const text = statusPage(many, facts);
  const growth = await growthOf(30, (count) => statusPage({ ...many, tracked: [...many.tracked].slice(0, count) }, facts));
  assert.ok(growth < MOST_GROWTH, `${growth} times`);
  assert.ok(text.length < 400_000, `${text.length} characters`);
  const items = itemsOf(many);
  assert.equal(items.length, 300);
  const ids = elements(many).flatMap((one) => (one.tagName === "section" ? [attribute(one, "id")] : []));
  assert.deepEqual(ids, ["failing", "incomplete", "waiting", "unseen", "ok", "paused", "disabled"]);
  assert.match(
    items.find((item) => item.includes("is paused")) ?? "",
    /for 10 minutes Deployment .* is paused until 2026-04-01T00:00:00Z: freeze$/,
  );
  assert.match(items.find((item) => item.startsWith("sandbox/half-0")) ?? "", /ssh_key_name is missing.*did you mean/);
});

test("who is held is neither failing nor waiting: a section of its own, with the reason", () => {
  const last = { at: NOW, since: NOW, kind: "skipped" as const, skipped: "held" as const, message: "Deployment shop stays at 1" };
  const rows = { tracked: [row("other"), row("shop", { last })], incomplete: [], notes: [] };
  const headings = elements(rows).filter(({ tagName }) => tagName === "h2");
  assert.deepEqual(
    headings.map((heading) => squeeze(textOf(heading))),
    ["Held 1", "Up to date 1"],
  );
  assert.match(itemsOf(rows)[0] ?? "", /^default\/shop .* Deployment shop stays at 1$/);
});

test("what is proposed, and what was declined, has a section of its own with its words", () => {
  const at = { at: NOW, since: NOW };
  const link = { url: "https://forge.test/7", words: "request 7" };
  const proposed = { ...at, kind: "proposed" as const, message: "Deployment shop: version 2 is proposed in https://forge.test/7", link };
  const nowhere = { url: undefined, words: "request 7" };
  const words = "Deployment till: version 2 was declined";
  const declined = { ...at, kind: "skipped" as const, skipped: "declined" as const, message: words, link: nowhere };
  const rows = { tracked: [row("shop", { last: proposed }), row("till", { last: declined })], incomplete: [], notes: [] };
  const headings = elements(rows).filter(({ tagName }) => tagName === "h2");
  assert.deepEqual(
    headings.map((heading) => squeeze(textOf(heading))),
    ["Proposed 1", "Declined 1"],
  );
  assert.match(itemsOf(rows)[0] ?? "", /^default\/shop .* is proposed in https:\/\/forge\.test\/7$/);
  assert.match(itemsOf(rows)[1] ?? "", /^default\/till .* was declined$/);
  const links = elements(rows).filter((one) => one.tagName === "a" && textOf(one) === "request 7");
  assert.deepEqual(
    links.map((one) => attribute(one, "href")),
    ["https://forge.test/7"],
  );
});

const HOSTILE = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  `</style><script>alert(1)</script>`,
  `</title><svg onload=alert(1)>`,
  `<!--`,
  `]]>`,
  `&lt;b&gt; &#60;script&#62;`,
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "\u202egnp.exe\u0000\u001b[31m\u2028",
  "{{alert(1)}}",
  "half a pair \ud800",
  "a".repeat(5_000),
];

// S18
test("whatever names and messages hold, the page has the same elements and attributes, and shows them as text", () => {
  const shape = (rows: GivenRows) => elements(rows).map(({ tagName, attrs }) => [tagName, ...attrs.map(({ name }) => name)].join(" "));
  const rowsWith = (text: string): GivenRows => {
    const last = { at: NOW, since: NOW, kind: "failed" as const, message: text };
    const manifest = { repository: undefined, branch: text, path: text, commit: undefined };
    const everywhere = { namespace: text, branch: text, image: { container: text, version: text }, warnings: [text], tag: `x${text}` };
    return {
      tracked: [row("shop", { ...everywhere, name: text, last, manifest })],
      incomplete: [{ kind: "Deployment", namespace: text, name: text, problems: [text, text] }],
      notes: [text],
    };
  };
  const benign = shape(rowsWith("plain"));
  for (const text of HOSTILE) {
    assert.deepEqual(shape(rowsWith(text)), benign, text);
    const shown = elements(rowsWith(text)).filter((one) => attribute(one, "class") === "message");
    if (!/[\p{C}\u2028]/u.test(text)) assert.equal(shown[0] && textOf(shown[0]), text);
    const page = statusPage(rowsWith(text), facts);
    assert.ok(!["\u202e", "\0", "\u001b", "\u2028"].some((char) => page.includes(char)));
  }
});

test("every link goes to https or within the page, whatever the repositories, branches, paths and tags are", () => {
  const { manifest } = row("shop");
  const tracked = HOSTILE.map((text) =>
    row("shop", { tag: text, sha: text, manifest: { ...manifest, branch: text, path: text, commit: text } }),
  );
  const filed = HOSTILE.map((text) => row("shop", { manifest: { ...manifest, branch: text, path: text, commit: undefined } }));
  const hrefs = elements({ tracked: [...tracked, ...filed], incomplete: [], notes: [] }).flatMap((one) =>
    one.tagName === "a" ? [attribute(one, "href") ?? ""] : [],
  );
  assert.ok(hrefs.length > HOSTILE.length);
  for (const href of hrefs) assert.match(href, /^(?:#[a-z]+$|\/status\/default\/shop$|https:\/\/github\.com\/team\/(?:shop|manifests)\/)/);
});

test("the policy allows the page's own style and script and nothing else, and the page needs nothing else", () => {
  assert.match(
    STATUS_PAGE_POLICY,
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
  );
  const all = elements(manyRows());
  for (const { tagName, attrs } of all) {
    assert.ok(!["img", "link", "iframe", "object"].includes(tagName), tagName);
    for (const { name, value } of attrs) assert.ok(!/^on|^style$|^src/.test(name) || (tagName === "script" && value === SCRIPT_PATH), name);
    if (tagName === "script") assert.equal(attrs.length, 2);
  }
});

test("running is said only of what the Deployment's status says, not of its template", () => {
  const [shop, , waiting] = [...threeRows().tracked] as unknown as [TrackedRow, TrackedRow, TrackedRow];
  const said = (rollout: Rollout | undefined, of: TrackedRow) =>
    withClass(elements({ ...none, tracked: [{ ...of, rollout }] }), "still").map((span) => textOf(span).replace(/[0-9a-f]{7}/, "OLD"))[0];
  const rollouts = ["done", "under_way", "stuck", "none", undefined] as const;
  assert.deepEqual(
    rollouts.map((rollout) => said(rollout, waiting)),
    ["(OLD is running)", "(OLD is being rolled out)", "(the rollout of OLD is stuck)", "(OLD, scaled to 0)", "(OLD in the cluster)"],
  );
  assert.deepEqual(
    rollouts.map((rollout) => said(rollout, shop)),
    [undefined, "(being rolled out)", "(its rollout is stuck)", "(scaled to 0)", "(rollout not known)"],
  );
});

test("what was pushed and is not rolled out is no *Up to date*; what the cluster does not tell is said to be not known", () => {
  const old = { image: { container: "team/shop", version: "old" }, isAtTag: false };
  const headingsOf = (changes: Partial<TrackedRow>) =>
    elements({ ...none, tracked: [row("shop", changes)] })
      .filter(({ tagName }) => tagName === "h2")
      .map((heading) => squeeze(textOf(heading)));
  for (const rollout of ["done", "under_way", "stuck", "none", undefined] as const)
    assert.deepEqual(headingsOf({ ...old, rollout }), ["Pushed, not rolled out 1"], rollout);
  assert.deepEqual(headingsOf({ rollout: "under_way" }), ["Pushed, not rolled out 1"]);
  assert.deepEqual(headingsOf({ rollout: "stuck" }), ["Pushed, not rolled out 1"]);
  for (const rollout of ["done", "none", undefined] as const) assert.deepEqual(headingsOf({ rollout }), ["Up to date 1"]);
});

test("a waiting row shows the tag that git has now, and what was not checked has a badge", () => {
  const waiting = itemsOf(threeRows()).find((item) => item.includes("Build running")) ?? "";
  assert.match(waiting, /→ manifest search\/deployment\.yaml \([0-9a-f]{7} in git\)/);
  const badges = (changes: Partial<TrackedRow>) =>
    withClass(elements({ ...none, tracked: [row("shop", changes)] }), "badge").map((one) => squeeze(textOf(one)));
  assert.deepEqual(badges({}), []);
  assert.deepEqual(badges({ unchecked: true }), ["Unchecked"]);
  const at = { at: NOW, since: NOW, message: "words" };
  assert.deepEqual(badges({ last: { ...at, kind: "skipped", skipped: "held" } }), ["Held"]);
  assert.deepEqual(badges({ last: { ...at, kind: "skipped", skipped: "paused" } }), ["Paused"]);
  assert.deepEqual(badges({ last: { ...at, kind: "proposed" } }), ["Proposed"]);
});

test("the head says version, cluster, next pass, last event, API server and when it was heard", () => {
  const facts = (operator: Partial<OperatorFacts>) => {
    const all = elements(none, { operator: { ...OPERATOR, ...operator } });
    return all.filter(({ tagName }) => tagName === "dl").map((list) => squeeze(textOf(list)))[0];
  };
  assert.equal(
    facts({}),
    "Version0.1.0Clustereu-1Next passin 40 secondsLast eventpush 3 minutes agoAPI server10.0.0.1:443, heard 2 seconds ago",
  );
  const unknown = {
    cluster: undefined,
    apiServer: undefined,
    heardAt: () => undefined,
    nextPassAt: () => undefined,
    lastEvent: () => undefined,
  };
  assert.equal(facts(unknown), "Version0.1.0Clusternot namedNext passwhen it is asked forAPI servernot heard yet");
});

test("the form says what was searched for, and the links keep it", () => {
  const query = { filter: { namespace: "default" }, state: "ok", text: "sh<op" } as const;
  const all = elements(threeRows(), { query });
  const [form] = all.filter(({ tagName }) => tagName === "form");
  assert.deepEqual(form && [attribute(form, "action"), attribute(form, "method")], ["/status", "get"]);
  const selected = all.filter((one) => one.tagName === "option" && attribute(one, "selected") !== undefined);
  assert.deepEqual(
    selected.map((one) => attribute(one, "value")),
    ["default", "ok"],
  );
  assert.equal(attribute(all.find((one) => attribute(one, "name") === "text") as Element, "value"), "sh<op");
  const hrefs = all.flatMap((one) => (one.tagName === "a" ? [attribute(one, "href") ?? ""] : []));
  assert.ok(hrefs.includes("/status/default/shop?namespace=default&state=ok&text=sh%3Cop"), hrefs.join("\n"));
  assert.ok(hrefs.includes("/status?namespace=default&state=failing&text=sh%3Cop"), hrefs.join("\n"));
  const ids = all.flatMap((one) => (one.tagName === "section" ? [attribute(one, "id")] : []));
  assert.deepEqual(ids, ["ok"]);
  assert.match(statusPage(threeRows(), { ...facts, query }), /<p>1 tracked Deployment found/);
});

test("the beginning of the page comes before any row is looked at", () => {
  let looked = 0;
  function* begin() {
    looked += 1;
    return yield* rowsOf(none);
  }
  const page = pieces(begin, facts);
  assert.match(String(page.next().value), /^<!DOCTYPE html>/);
  assert.equal(looked, 0);
});
