import type { Row } from "./row.ts";
import { concurrentCalls } from "./rows/concurrent-calls.ts";
import { events } from "./rows/events.ts";
import { fileFormats } from "./rows/file-formats.ts";
import { firstPass } from "./rows/first-pass.ts";
import { growthRows } from "./rows/growth.ts";
import { hundredUpdates } from "./rows/hundred-updates.ts";
import { manyDeployments } from "./rows/many-deployments.ts";
import { manyPasses } from "./rows/many-passes.ts";
import { oneUpdate } from "./rows/one-update.ts";
import { roundTrips } from "./rows/round-trips.ts";
import { start } from "./rows/start.ts";
import { upToDate } from "./rows/up-to-date.ts";

/** In the order of the contract's §9, then how cost grows. */
export const rows: readonly Row[] = [
  upToDate,
  fileFormats,
  oneUpdate,
  hundredUpdates,
  firstPass,
  roundTrips,
  concurrentCalls,
  events,
  manyDeployments,
  manyPasses,
  start,
  ...growthRows,
];
