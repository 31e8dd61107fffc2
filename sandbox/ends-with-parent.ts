/** Loaded first (`--import`) by the operator of the sandbox: were the sandbox killed, nobody else would end it. */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
