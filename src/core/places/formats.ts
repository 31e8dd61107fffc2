import type { Format } from "./format.ts";
import { workloadFormat } from "./workload-format.ts";

/** All that files are searched by. */
export const formats: readonly Format[] = [workloadFormat];
