import type { Socket } from "node:net";

/**
 * Ends a connection with a reset. One whose orderly end is just under way is closed instead: there Node 24 fails to reset (EINVAL) and loses the
 * socket, and when the process comes to its end, it waits for it for ever.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
