/** What the workshop does, by name. Each job is a pure function of an input and an output that can go between threads. */
import { readEvent } from "../core/hints/read-event.ts";
import { editManifest } from "../core/places/edit-manifest.ts";
import { indexPackJob } from "./jobs/index-pack-job.ts";
import { readFoldersJob } from "./jobs/read-folders-job.ts";
import { readHistoryJob } from "./jobs/read-history-job.ts";
import { readObjectJob } from "./jobs/read-object-job.ts";

export const jobs = {
  editManifest,
  indexPack: indexPackJob,
  readEvent,
  readFolders: readFoldersJob,
  readHistory: readHistoryJob,
  readObject: readObjectJob,
};

export type Jobs = typeof jobs;
