/** What the workshop does, by name. Each job is a pure function of an input and an output that can go between threads. */
import { editManifestJob } from "./jobs/edit-manifest-job.ts";

export const jobs = { editManifest: editManifestJob };

export type Jobs = typeof jobs;
