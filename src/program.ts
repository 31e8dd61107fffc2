/** What the commands need, in one file of the image. main.ts loads it for a command that does something, each command its own part. */
export const program = {
  run: () => import("./run-operator.ts"),
  check: () => import("./check/check-command.ts"),
  bareStart: () => import("./commands/bare-start.ts"),
};
