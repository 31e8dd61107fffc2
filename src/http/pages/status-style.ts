/** The page's whole look. Its hash is in the policy, so it is the only style that a browser applies. */
export const STATUS_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fafaf8; --card: #fff; --ink: #1f2328; --soft: #5b636d; --line: #e4e4df; --link: #0b5cad; --edge: #8a9099;
  --failing: #b3261e; --incomplete: #8a4b00; --held: #6b3fa0; --proposed: #0b5cad; --declined: #6b3fa0; --waiting: #7a5c00; --pushed: #0f6674; --unseen: #5b636d; --ok: #1d7a3e; --paused: #6b7280; --disabled: #6b7280;
  --tint: #fdf1ef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1b1f23; --ink: #e4e7ea; --soft: #9aa4ae; --line: #2b3137; --link: #7db7f5; --edge: #6b747d;
    --failing: #ff8b7e; --incomplete: #f0a860; --held: #c4a3f0; --proposed: #7db7f5; --declined: #c4a3f0; --waiting: #e2c35c; --pushed: #6cc7d4; --unseen: #9aa4ae; --ok: #62c98a; --paused: #8b949e; --disabled: #8b949e;
    --tint: #2a1d1c;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 74rem; padding: 2rem 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1, h2, h3, p, ul { margin: 0; padding: 0; font-size: inherit; }
ul { list-style: none; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
code { font: .87em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1.25rem; }
header h1 { font-size: 1.35rem; font-weight: 650; letter-spacing: -.01em; }
header p, footer p, .none { color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: 1.75rem; }
nav a {
  padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--card); color: var(--soft); white-space: nowrap;
}
nav a b { color: var(--ink); font-weight: 650; }
nav .failing, nav .failing b { color: var(--failing); }
nav .incomplete b { color: var(--incomplete); }
nav .held b { color: var(--held); }
nav .proposed b { color: var(--proposed); }
nav .declined b { color: var(--declined); }
nav .waiting b { color: var(--waiting); }
nav .pushed b { color: var(--pushed); }
nav .ok b { color: var(--ok); }
section { margin-bottom: 1.75rem; }
h2 { margin-bottom: .5rem; font-size: .95rem; font-weight: 650; }
h2::before {
  content: ""; display: inline-block; width: .6em; height: .6em; margin-right: .55em; border-radius: 50%; background: var(--dot);
}
h2 .count { margin-left: .25rem; color: var(--soft); font-weight: 400; }
#failing { --dot: var(--failing); }
#incomplete { --dot: var(--incomplete); }
#held { --dot: var(--held); }
#proposed { --dot: var(--proposed); }
#declined { --dot: var(--declined); }
#waiting { --dot: var(--waiting); }
#pushed { --dot: var(--pushed); }
#unseen { --dot: var(--unseen); }
#ok { --dot: var(--ok); }
#paused { --dot: var(--paused); }
#disabled { --dot: var(--disabled); }
.rows { overflow: hidden; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
.row {
  display: grid; grid-template-columns: minmax(11rem, 15rem) 1fr auto; gap: .15rem 1.25rem; align-items: baseline;
  padding: .55rem 1rem; content-visibility: auto; contain-intrinsic-size: auto 2.6rem;
}
.row + .row { border-top: 1px solid var(--line); }
h3 { font-weight: 600; overflow-wrap: anywhere; }
.namespace { color: var(--soft); font-weight: 400; }
.flow, .when { color: var(--soft); font-size: .93em; }
.flow { min-width: 0; overflow-wrap: anywhere; }
.flow code { color: var(--ink); }
.flow a code { color: var(--link); }
.step { display: inline-block; max-width: 100%; }
.arrow { padding: 0 .15rem; }
.still { color: var(--waiting); }
.badge {
  display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em; color: var(--soft);
  font-size: .78rem; font-weight: 600; line-height: 1.45; white-space: nowrap; vertical-align: .08em;
}
.badge.held, .badge.declined { color: var(--held); }
.badge.proposed { color: var(--proposed); }
.badge.unchecked, .badge.stuck { color: var(--waiting); }
h3 a { color: inherit; }
.act { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline; margin-bottom: 1rem; }
.act[hidden] { display: none; }
#outcome { min-width: 0; overflow-wrap: anywhere; }
[aria-disabled] { opacity: .6; cursor: default; }
#live { color: var(--soft); font-size: .87em; }
dialog { max-width: 26rem; padding: 1.25rem 1.5rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); color: var(--ink); }
dialog::backdrop { background: rgb(0 0 0 / 45%); }
dialog p + p { margin-top: .6rem; }
dialog input { width: 100%; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.25rem; width: 100%; margin: 0; color: var(--soft); font-size: .87em; }
.facts div { display: flex; gap: .4em; min-width: 0; }
.facts dt { flex: none; }
.facts dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; min-width: 0; }
.search { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin-bottom: 1.25rem; }
.search label { display: grid; gap: .15rem; min-width: 0; color: var(--soft); font-size: .87em; }
.search label:nth-of-type(3) { flex: 1 1 14rem; max-width: 26rem; }
input, select, button {
  min-height: 2.25rem; max-width: 100%; padding: .3rem .6rem; border: 1px solid var(--edge); border-radius: .4rem;
  background: var(--card); color: var(--ink); font: inherit;
}
select { max-width: 16rem; }
button { padding: .3rem 1rem; cursor: pointer; font-weight: 600; }
:is(a, input, select, button):focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.when { white-space: nowrap; text-align: right; }
.message, .event, .warnings, .problems { grid-column: 1 / -1; overflow-wrap: anywhere; }
.failing .message { margin-top: .3rem; padding: .45rem .7rem; border-left: 3px solid var(--failing); border-radius: .2rem; background: var(--tint); }
.held .message, .proposed .message, .declined .message, .waiting .message, .paused .message, .event, .warnings { color: var(--soft); }
.warnings li::before { content: "Warning: "; color: var(--waiting); }
.problems { color: var(--ink); }
.problems li { padding-left: .9rem; text-indent: -.9rem; }
.problems li::before { content: "– "; color: var(--incomplete); }
.paused h3, .disabled h3 { font-weight: 400; }
h2.name { font-size: 1.2rem; overflow-wrap: anywhere; }
h2.name::before { content: none; }
h2.name .badge { font-size: .85rem; }
.one > .message { padding: .45rem .7rem; border-left: 3px solid var(--dot, var(--line)); border-radius: .2rem; background: var(--card); overflow-wrap: anywhere; }
.one.failing > .message { --dot: var(--failing); background: var(--tint); }
.one > * + * { margin-top: 1rem; }
.badge.failing { color: var(--failing); }
.badge.incomplete { color: var(--incomplete); }
.badge.waiting { color: var(--waiting); }
.badge.pushed { color: var(--pushed); }
.badge.ok { color: var(--ok); }
.one section h2::before { content: none; }
.way { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr)); gap: .75rem; margin: 0; padding: 0; list-style: none; }
.way li { min-width: 0; padding: .6rem .85rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); overflow-wrap: anywhere; }
.way h3, .pairs dt { color: var(--soft); font-weight: 400; font-size: .87em; }
.unknown, .hidden { color: var(--soft); font-style: italic; }
.pairs { display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: .2rem 1rem; margin: 0; }
.pairs dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; border: 1px solid var(--line); background: var(--card); }
th, td { padding: .35rem .85rem; border-top: 1px solid var(--line); text-align: left; font-weight: 400; vertical-align: baseline; overflow-wrap: anywhere; }
table + .none { margin-top: .6rem; overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--soft); font-size: .87em; }
tbody td:last-child { color: var(--soft); font-size: .93em; white-space: nowrap; }
.default td:nth-child(2) code { color: var(--soft); }
footer { margin-top: 2rem; font-size: .87em; }
@media (max-width: 46rem) {
  body { padding: 1.25rem 1rem; }
  .row { grid-template-columns: 1fr auto; padding: .7rem .85rem; contain-intrinsic-size: auto 5rem; }
  .flow { grid-column: 1 / -1; grid-row: 2; }
  thead { position: absolute; clip-path: inset(50%); }
  tbody tr { display: grid; grid-template-columns: 1fr auto; border-top: 1px solid var(--line); padding: .4rem .85rem; }
  tbody tr > * { padding: 0; border: 0; }
  tbody td:nth-child(2) { grid-column: 1 / -1; grid-row: 2; }
  tbody td:last-child { white-space: normal; }
  .search label, .search select, .search input { width: 100%; max-width: none; flex: 1 1 100%; }
}
`;
