/** Packs while they arrive, when they count in no copy yet: none may have more of the room for all than it leaves to the others. */
import { open } from "node:fs/promises";
import { ReconcileError } from "../../../errors.ts";

export type BeginArrival = ReturnType<typeof createArrivals>;

/** `mostBytes`: of all together. */
export function createArrivals(mostBytes: number) {
  let allBytes = 0;
  return (repository: string, maxBytes: number) => {
    let bytes = 0;

    function add(more: number): void {
      bytes += more;
      allBytes += more;
      if (bytes > maxBytes) throw new ReconcileError("git_limit", `${repository} sends more than ${maxBytes} bytes at once`);
      if (bytes <= mostBytes - allBytes) return;
      const message = `too much arrives from all git servers together to take ${bytes} bytes of ${repository}; it is asked again at the next pass`;
      // At once, or all that arrive at the same pace would have to go.
      end();
      throw new ReconcileError("git_unreachable", message);
    }

    /** Its bytes count elsewhere from now on, or are gone. */
    function end(): void {
      allBytes -= bytes;
      bytes = 0;
    }

    return {
      get bytes() {
        return bytes;
      },
      /** Writes the pack into a new file; throws when it is more than may come. */
      async store(pack: AsyncIterable<Buffer>, path: string): Promise<void> {
        const file = await open(path, "w");
        try {
          for await (const chunk of pack) {
            add(chunk.length);
            await file.writeFile(chunk);
          }
        } finally {
          await file.close();
        }
      },
      end,
    };
  };
}
