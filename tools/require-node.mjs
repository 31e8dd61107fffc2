// Runs on any Node: says in one line what to do when the pinned Node 24 of devDependencies is not the one on the path.
const [major] = process.versions.node.split(".");
if (Number(major) < 24) {
  console.error(
    `gitops-operator needs Node 24, this is ${process.version}: run 'npm ci' (npm 11.10 or newer runs the allowed install script of the package 'node'; after --ignore-scripts: 'npm rebuild node'), or install Node 24.`,
  );
  process.exit(1);
}
