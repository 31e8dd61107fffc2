import { type Finding, isMet } from "./row.ts";
import { formatSample, median } from "./sample.ts";

const HEADINGS = ["work", "median (min–max)", "peer", "ratio", "must reach", "met"] as const;

/** One line of the table as a Markdown row. */
export function tableLine({ work, figure, peer, goal }: Finding): string {
  const ratio = peer ? median(figure) / median(peer.figure) : undefined;
  const cells = [
    work,
    formatSample(figure),
    peer ? `${peer.name}: ${formatSample(peer.figure)}` : "",
    ratio === undefined ? "" : ratio.toFixed(2),
    goal?.text ?? "",
    goal ? (isMet(goal) ? "yes" : `NO (${Number(goal.value.toFixed(2))} > ${goal.atMost})`) : "",
  ];
  return `| ${cells.join(" | ")} |`;
}

export function tableHead(): string {
  return `| ${HEADINGS.join(" | ")} |\n| ${HEADINGS.map(() => "---").join(" | ")} |`;
}
