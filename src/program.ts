/** What the commands beside `run` need, in one file of the image. */
export const program = {
  check: () => import("./check/check-command.ts"),
  bareStart: () => import("./commands/bare-start.ts"),
};
