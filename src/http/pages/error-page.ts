import { escapeControl } from "../../text/escape.ts";
import { html } from "./html.ts";
import { pageStart } from "./page-parts.ts";

/** What a browser is told in the place of a page. */
export function errorPage(message: string): string {
  const text = escapeControl(message);
  return (
    pageStart() +
    html`<title>${text} · gitops-operator</title>
</head>
<body>
<header><h1><a href="/status">gitops-operator</a></h1></header>
<main><p class="none">${text}</p></main>
</body>
</html>
`.toString()
  );
}
