import { ReconcileError } from "../../errors.ts";

export type GitService = "git-upload-pack" | "git-receive-pack";

/** The command line that starts the service in the remote shell, quoted as git itself does it. */
export function gitCommand(service: GitService, path: string): string {
  // A leading dash would be an option of the service (CVE-2017-1000117 and kin).
  if (path === "" || path.startsWith("-") || /\p{Cc}/u.test(path)) {
    throw new ReconcileError(
      "annotation_invalid",
      `the repository path ${JSON.stringify(path)} is empty, begins with "-" or holds control characters; correct the repository annotation`,
    );
  }
  return `${service} ${shellQuote(path)}`;
}

/** One word for a POSIX shell and for csh, where `!` is special even in quotes (git's quote.c does the same). */
export function shellQuote(text: string): string {
  return `'${text.replace(/['!]/g, "'\\$&'")}'`;
}
