import { anyRepository, startBitbucketServer } from "../../../sandbox/forges/bitbucket-server.ts";
import { createBitbucketServer } from "../../../src/adapters/forge/bitbucket-server.ts";
import { testKind, token } from "./kinds.ts";

const build = (state: string, name = "BUILD") => ({ state, name });
const own = build("INPROGRESS", "gitops-operator/default/shop");

testKind({
  name: "Bitbucket Server",
  start: startBitbucketServer,
  create: createBitbucketServer,
  repository: "ssh://git@bitbucket.example:7999/PROJ/shop.git",
  known: anyRepository,
  rows: [
    ["none"],
    ["none", build("UNKNOWN"), own],
    ["running", build("INPROGRESS"), build("FAILED")],
    ["running", build("A_STATE_OF_THE_FUTURE")],
    ["completed", build("FAILED"), build("SUCCESSFUL"), own],
    ["failed", build("FAILED"), build("CANCELLED")],
  ],
  running: build("INPROGRESS"),
  failed: build("FAILED"),
  perPage: 100,
  pages: ["/build-status/1.0/commits/SHA?limit=100", "/build-status/1.0/commits/SHA?limit=100&start=100"],
  login: ["authorization", `Bearer ${token}`],
  wrongToken: /^Bitbucket Server refuses the token \(HTTP 401: Authentication failed/,
  garbage: ["[]", '{"values":[]}', '{"values":[],"isLastPage":false}', '{"values":[{"key":"x"}],"isLastPage":true}'],
  repositories: [
    ["ssh://git@bitbucket.example:7999/~ada/shop.git", anyRepository],
    ["https://bitbucket.example/scm/PROJ/shop.git", anyRepository],
    ["https://bitbucket.example/context/scm/proj/shop.git", anyRepository],
  ],
});
