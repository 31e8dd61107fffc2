import { BROKEN, BUILD_SECONDS } from "./toy-ci.ts";

interface Places {
  /** Of the player's key and clones. */
  readonly folder: string;
  readonly knownHosts: string;
  readonly kubeconfig: string;
  readonly operator: string;
  readonly application: string;
  readonly manifests: string;
}

/** One thing to do: why, the lines to paste into one terminal, and what is then seen. */
interface Step {
  readonly title: string;
  readonly lines: readonly string[];
  readonly seen: string;
}

/** Of whoever plays; their own name, and no signature, whatever their git is set to. */
const AS_YOU = "-c user.name=You -c user.email=you@example.com -c commit.gpgsign=false";

/** A POSIX shell's; each step goes on where the one before has ended. */
export function stepsOf({ folder, knownHosts, kubeconfig, operator, application, manifests }: Places): readonly Step[] {
  const ssh = `ssh -F none -i '${folder}/key' -o IdentitiesOnly=yes -o UserKnownHostsFile='${knownHosts}'`;
  const clone = (url: string) => `git clone -q ${AS_YOU} ${url}`;
  return [
    {
      title: "First, in another terminal: the key of the git host, the cluster, a folder that goes with the sandbox",
      lines: [`export GIT_SSH_COMMAND="${ssh}" KUBECONFIG='${kubeconfig}'`, `cd '${folder}'`, "kubectl get pods"],
      seen: "one Pod runs",
    },
    {
      title: "Change the application",
      lines: [
        clone(application),
        "cd shop",
        "echo '<h1>Shop, with a garden</h1>' > index.html",
        "git commit -qam 'Plant a garden'",
        "git push -q",
      ],
      seen: `below: the image is there after ${BUILD_SECONDS} s, the operator pushes its tag, the toy CD applies that`,
    },
    {
      title: "When the CD has said so, see it roll out",
      lines: ["kubectl rollout status deployment/shop", "kubectl get deployments -o wide", "kubectl get pods"],
      seen: "a new Pod takes the place of the old one",
    },
    {
      title: `Break the build, which ${BROKEN} in a commit's message does`,
      lines: [`git commit -q --allow-empty -m 'Sell rain ${BROKEN}'`, "git push -q"],
      seen: "below: the chat is told that the build failed; nothing is pushed, so the garden runs on",
    },
    {
      title: "When the chat was told, roll back: take back what the operator wrote",
      lines: [
        "cd ..",
        clone(manifests),
        "cd manifests",
        "git revert --no-edit HEAD",
        "git push -q",
        `curl -s ${operator}/reconcile; echo`,
        "kubectl get deployments -o wide",
      ],
      seen: '"skipped": the Deployment stays at the tag that you put there, which runs again',
    },
    {
      title: "A newer commit of the application ends that",
      lines: ["cd ../shop", "git commit -q --allow-empty -m 'Water the garden'", "git push -q"],
      seen: "below: its image, its tag, its rollout",
    },
  ];
}

/** What is printed: the lines to paste are those that are indented by six. */
export function textOf(steps: readonly Step[]): string {
  return steps
    .map(({ title, lines, seen }, index) =>
      [`  ${index + 1}. ${title}:`, ...lines.map((line) => `      ${line}`), `     => ${seen}.`, ""].join("\n"),
    )
    .join("\n");
}
