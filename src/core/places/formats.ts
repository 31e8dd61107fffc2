import { argoFormat } from "./argo-format.ts";
import { fluxFormat } from "./flux-format.ts";
import type { Format } from "./format.ts";
import { kustomizationFormat } from "./kustomization-format.ts";
import { valuesFormat } from "./values-format.ts";
import { workloadFormat } from "./workload-format.ts";

/** All that files are searched by. */
export const formats: readonly Format[] = [workloadFormat, kustomizationFormat, fluxFormat, argoFormat, valuesFormat];
