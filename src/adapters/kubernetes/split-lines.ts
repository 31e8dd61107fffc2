import { StringDecoder } from "node:string_decoder";
import { KubeError } from "./kube-error.ts";

/** Objects are at most 3 MB on the API server. */
const lineLimit = 16 * 1024 * 1024;

/** Lines end with `\n` only: JSON may hold U+2028, which node:readline takes for an end. An unfinished last line is a broken stream. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > lineLimit) throw new KubeError("protocol", "a line of the watch is endless");
    yield* lines.filter((line) => line !== "");
  }
  if (rest !== "") throw new KubeError("protocol", "the watch ended within a line");
}
