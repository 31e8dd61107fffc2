import { closest } from "../../text/did-you-mean.ts";
import { type AnnotationName, type AnnotationValues, annotationOf, choiceNames, type Options } from "../annotation-names.ts";
import { type ImageCheckRule, imageCheckProblem } from "./image-check.ts";

const unknownDigest =
  "is 'pin', but the image check is off, so nobody tells the digest; set gitops.operator.image_check to 'on', or this one to 'keep'";

/** What counts of the annotations that are one of a few words. `warning`s are told elsewhere, of disabled Deployments too. */
export function readOptions(
  values: AnnotationValues,
  imageCheck: ImageCheckRule,
  complain: (name: AnnotationName, problem: string) => void,
): Options {
  const chosen = choiceNames.map((name) => {
    const { choices = {}, warning, default: unset } = annotationOf(name);
    const text = values[name];
    if (text !== undefined && Object.hasOwn(choices, text)) return [name, text];
    if (text !== undefined && warning === undefined) complain(name, noChoice(text, Object.keys(choices)));
    return [name, name === "image_check" ? imageCheck.level : unset];
  });
  const options = Object.fromEntries(chosen) as Options;
  const problem = imageCheckProblem(options.image_check, imageCheck);
  if (problem) complain("image_check", problem);
  if (options.digest === "pin" && options.image_check === "off") complain("digest", unknownDigest);
  return options;
}

/** Names the words from most to least. */
function noChoice(text: string, words: readonly string[]): string {
  const [last, ...others] = words.map((word) => `'${word}'`);
  const meant = closest(text.toLowerCase(), words);
  const remedy = meant === undefined ? "write one of them" : `did you mean '${meant}'?`;
  return `is none of ${others.toReversed().join(", ")} and ${last}; ${remedy}`;
}
