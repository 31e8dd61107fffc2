/** The commands and their options. The parser and the texts of `--help` are made of this; nothing is loaded for it. */

interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** How help calls what is given. */
  readonly value?: string;
  readonly meaning: string;
}

interface Command {
  readonly summary: string;
  readonly usage: string;
  /** Of the command, below its options. */
  readonly more?: string;
  readonly options: Readonly<Record<string, Option>>;
}

export const commands = {
  run: {
    summary: "the operator itself: watches the cluster of the kubeconfig's context, or that of its Pod, and pushes tags",
    usage: "run",
    more: "Settings are environment variables (docs/CONFIGURATION.md). It runs until it gets SIGTERM or SIGINT.",
    options: {},
  },
  check: {
    summary: "what is wrong with the annotations of manifests before they are applied, and what would be read from where",
    usage: "check -f FILE [-f FILE …]",
    more: "Exit code: 0 all is well, 1 there are problems, 2 wrong usage or environment (or no cluster for --live), 3 there are no problems, but an image is still awaited.",
    options: {
      file: {
        ...{ type: "string", short: "f", multiple: true, value: "FILE" },
        meaning:
          "a manifest of one or more documents, or Lists; a folder or a pattern in quotes ('apps/**/*.yaml'), of which files with annotations of ours are checked; - reads standard input; may be repeated",
      },
      namespace: {
        ...{ type: "string", short: "n", default: "default", value: "NAME" },
        meaning: "of Deployments that name none (default: default)",
      },
      repository: {
        ...{ type: "string", value: "DIR" },
        meaning:
          "a working copy of the manifests repository: what the operator would find in its files; without it, files that lie beside FILE, or in the work tree that FILE is in",
      },
      live: {
        type: "boolean",
        meaning: "also asks the cluster for the Secrets, and the repositories and the registry whether all is there",
      },
      "dry-run": { type: "boolean", meaning: "like --live, and prints the diff that would be pushed; nothing is pushed" },
      output: {
        ...{ type: "string", short: "o", default: "text", value: "FORMAT" },
        meaning: "text, json (docs/check-output.schema.json) or github (workflow commands that mark the lines of a pull request)",
      },
      context: { ...{ type: "string", value: "NAME" }, meaning: "of the kubeconfig, for --live and --dry-run (default: the current one)" },
      timeout: { ...{ type: "string", default: "60", value: "SECONDS" }, meaning: "for all of --live (default: 60)" },
    },
  },
  keygen: {
    summary: "makes an SSH key for git; prints its public half, where to register it, and how it comes into the cluster",
    usage: "keygen [--name NAME] [--file FILE | --apply]",
    more: "The private half is never printed. Nothing that exists is overwritten. Exit code: 0 it is made, 1 the cluster did not take it, 2 wrong usage.",
    options: {
      name: { ...{ type: "string", default: "ssh-key", value: "NAME" }, meaning: "of the Secret (default: ssh-key)" },
      namespace: {
        ...{ type: "string", short: "n", value: "NAME" },
        meaning: "of the Secret (default: OPERATOR_NAMESPACE, else gitops-operator)",
      },
      file: { ...{ type: "string", value: "FILE" }, meaning: "for the private half, with the mode 0600 (default: ./NAME)" },
      apply: { type: "boolean", meaning: "creates the Secret in the cluster, and no file" },
      context: { ...{ type: "string", value: "NAME" }, meaning: "of the kubeconfig, for --apply (default: the current one)" },
    },
  },
  identity: {
    summary: "prints the public halves of the SSH keys that the cluster's workloads name, as lines of authorized_keys",
    usage: "identity",
    more: "It lists workloads and reads Secrets with your rights, as far as SECRET_REFS lets the workloads name them. Exit code: 0 all were read, 1 one was not, or there is none, 2 wrong environment.",
    options: {
      context: { ...{ type: "string", value: "NAME" }, meaning: "of the kubeconfig (default: the current one)" },
    },
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

export const commandNames = Object.keys(commands) as CommandName[];

export function commandOf(name: CommandName): Command {
  return commands[name];
}
