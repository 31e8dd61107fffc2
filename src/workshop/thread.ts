/** The program of a thread of the workshop; built, it is `dist/workshop.cjs`. */
import { jobs } from "./jobs.ts";
import { serveJobs } from "./serve-jobs.ts";

serveJobs(jobs);
