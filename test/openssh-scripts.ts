import { delimiter, join } from "node:path";
import { gitEnvironment } from "../sandbox/git-process.ts";
import { shellQuote } from "../src/adapters/ssh/git-command.ts";

/** What a key runs, whatever the client asked for: a shell that finds our git services first. */
export function serveScript(directory: string, root: string): string {
  const environment = { ...gitEnvironment, PATH: `${join(directory, "bin")}${delimiter}${gitEnvironment.PATH}` };
  return `#!/bin/sh
${Object.entries(environment)
  .map(([name, value]) => `export ${name}=${shellQuote(value)}`)
  .join("\n")}
export SANDBOX_KEY="$1"
cd ${shellQuote(root)} && exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
`;
}

/** Stands for `git-upload-pack` and `git-receive-pack`: checks the key's access, logs, starts git. Only words of the shell itself, so that nothing but git is started. */
export function serviceScript(directory: string, isTraced: boolean): string {
  return `#!/bin/sh
service="\${0##*/}"
path="\${1#/}"
case "/$path/" in */../*) echo "fatal: $1 is outside" >&2; exit 128;; esac
allowed=no
while read -r right repository; do
  case "$right $repository" in
    "all "|"write $path") allowed=yes;;
    "read $path") [ "$service" = git-upload-pack ] && allowed=yes;;
  esac
done < ${shellQuote(join(directory, "access"))}/"$SANDBOX_KEY"
if [ $allowed = no ]; then echo "ERROR: Repository not found." >&2; exit 1; fi
set -- $SSH_CONNECTION
trace="$$-$2"
echo "$SANDBOX_KEY $service \${GIT_PROTOCOL:--} $trace $path" >> ${shellQuote(join(directory, "log"))}
${isTraced ? `export GIT_TRACE_PACKET=${shellQuote(join(directory, "trace"))}/"$trace"` : ""}
exec git "\${service#git-}" "$path"
`;
}
