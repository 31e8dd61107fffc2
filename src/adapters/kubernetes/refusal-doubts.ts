import { createBoundedMap } from "../../sharing/bounded-map.ts";
import { dataBytes } from "../../sharing/data-bytes.ts";

const mostRefusedBytes = 4 * 2 ** 20;

/**
 * An API server that starts refuses everything for about a second, so a refusal is believed when the same question is refused twice in a row.
 * To be called when a question begins; the returned function takes the status of its answer, and says whether that is a refusal to doubt.
 */
export function createRefusalDoubts(): (method: string, path: string) => (status: number) => boolean {
  const refused = createBoundedMap<true>(mostRefusedBytes, dataBytes);
  return (method, path) => {
    const question = `${method} ${path.split("?", 1)[0]}`;
    const wasRefused = refused.get(question);
    refused.delete(question);
    return (status) => {
      if (status !== 403) return false;
      refused.set(question, true, /\/namespaces\/([^/]+)/.exec(question)?.[1]);
      return !wasRefused;
    };
  };
}
