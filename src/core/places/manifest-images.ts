import { isScalar, type Scalar, type YAMLMap } from "yaml";
import { rememberTexts } from "../../sharing/remember-texts.ts";
import { isDeployment } from "../deployment-kind.ts";
import { describeObject, describeRoot, mayHideDeployment, objectsIn } from "./manifest-objects.ts";
import { InvalidYaml, readDocuments } from "./yaml-documents.ts";
import { createNodeReader, isEmpty, type NodeReader, oddTag } from "./yaml-nodes.ts";

/** The scalar that gives a container its image; the same one several times when an alias or a merge brings it. */
export interface ImageScalar {
  readonly value: string;
  /** As in the text, with quotes. */
  readonly source: string;
  readonly offset: number;
  readonly style: Scalar.Type | undefined;
  /** In a document that breaks when it is changed. */
  readonly isSealed: boolean;
}

export interface FoundImages {
  readonly images: readonly ImageScalar[];
  /** Where the first Deployment is, or may be, that SOPS has sealed. */
  readonly sealedAt: number | undefined;
  /** What the file holds beside Deployments, each once, in words. */
  readonly others: readonly string[];
  readonly hasDeployments: boolean;
}

/** Of manifests and their images: a pass without news parses none again. */
const MOST_REMEMBERED_BYTES = 8 * 2 ** 20;

/** The first line that every Git LFS pointer has, in all versions: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const lfsPointer = /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//;

/**
 * The images of the containers, then the initContainers, of every Deployment: a document, or an item of a List, which is how kubectl reads it.
 * Throws InvalidYaml, also where a Deployment is odd enough that an image could be overlooked.
 */
export const findImages = rememberTexts((text): FoundImages => {
  if (lfsPointer.test(text)) {
    throw new InvalidYaml("it is a Git LFS pointer, not the file itself; keep manifests out of LFS (git lfs migrate export --include=…)");
  }
  const images: ImageScalar[] = [];
  const others = new Set<string>();
  let sealedAt: number | undefined;
  let hasDeployments = false;
  for (const document of readDocuments(text)) {
    const read = createNodeReader(document, text);
    const whole = describeRoot(read.root);
    if (whole !== undefined) others.add(whole);
    for (const object of objectsIn(read)) {
      if (mayHideDeployment(object)) sealedAt ??= object.map.range?.[0] ?? 0;
      if (!isDeployment(object)) {
        others.add(describeObject(object));
        continue;
      }
      hasDeployments = true;
      const pod = read.getMap(read.getMap(read.getMap(object.map, "spec"), "template"), "spec");
      for (const container of [...read.getItems(pod, "containers"), ...read.getItems(pod, "initContainers")]) {
        const image = imageOf(container, read, text);
        if (image) images.push({ ...image, isSealed: object.isSealed });
      }
    }
  }
  return { images, sealedAt, others: [...others], hasDeployments };
}, MOST_REMEMBERED_BYTES);

function imageOf(container: YAMLMap, { get, fail }: NodeReader, text: string): Omit<ImageScalar, "isSealed"> | undefined {
  const node = get(container, "image");
  if (node === undefined || isEmpty(node)) return undefined;
  if (!isScalar(node) || !node.range) return fail(node, "'image' of a container is no text");
  if (oddTag(node) !== undefined) return fail(node, "'image' of a container has a YAML tag; remove the tag");
  const [offset, end] = node.range;
  return { value: String(node.value), source: text.slice(offset, end), offset, style: node.type };
}
