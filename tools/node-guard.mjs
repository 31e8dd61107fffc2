// Begins the bundle: plain ES5 on one line, for a Node that is too old must get this far. It says in one line which Node is needed.
export const nodeGuard =
  'if (parseInt(process.versions.node, 10) < 24) { console.error("gitops-operator needs Node 24, this is " + process.version + ": install Node 24, or run npx node@24 " + __filename); process.exit(1); }';
