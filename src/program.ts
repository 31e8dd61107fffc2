/** What the commands beside `run` need, in one file of the image. */
export const program = {
  check: () => import("./check/check-command.ts"),
  keygen: () => import("./keys/keygen-command.ts"),
  identity: () => import("./keys/identity-command.ts"),
  bareStart: () => import("./commands/bare-start.ts"),
};
