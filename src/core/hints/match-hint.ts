import { onceEach } from "../../sharing/once-each.ts";
import { cut } from "../../text/cut.ts";
import { escapeControl } from "../../text/escape.ts";
import { parseReleasePattern } from "../release-pattern.ts";
import { mayBeOfFormat } from "../tag-format.ts";
import type { Target } from "../types.ts";
import type { Hint, NamedImage, Ref } from "./hint.ts";
import { repositoryKey } from "./repository-key.ts";

/** A Deployment that the event's Secret is for. */
export interface Listener {
  readonly target: Target;
  /** The application's branch, as the annotations name it or the last run found it; undefined: not known yet, so it may be any. */
  readonly observed: string | undefined;
}

type Match =
  | { readonly kind: "concerns"; readonly listeners: readonly Listener[] }
  /** `why`: in words, for the sender. */
  | { readonly kind: "nothing"; readonly why: string };

/** Which Deployments an event may concern. In doubt it does: a look costs little. */
export function matchHint(hint: Hint, listeners: readonly Listener[]): Match {
  if (hint.about === "nothing") return { kind: "nothing", why: hint.why };
  if (hint.about === "all") return found(listeners, "no Deployment that is worked on names this Secret");
  return hint.about === "images" ? matchImages(hint.images, listeners) : matchRepository(hint, listeners);
}

function matchImages(images: readonly NamedImage[], listeners: readonly Listener[]): Match {
  const tagsByPath = Map.groupBy(images, ({ path }) => bare(path));
  const using = listeners.filter(({ target }) => tagsByPath.has(bareName(target.image)));
  if (using.length === 0) return nothing(noneUses(images[0]?.shown));
  const hasPossible = createOnceByText(({ image, tagFormat }: Target) =>
    (tagsByPath.get(bareName(image)) ?? []).some(({ tag }) => tag === undefined || mayBeOfFormat(tag, tagFormat)),
  );
  const [tag] = images.flatMap((image) => image.tag ?? []);
  return found(
    using.filter(({ target }) => hasPossible(JSON.stringify([bareName(target.image), target.tagFormat]), target)),
    `tag '${shown(tag)}' is no commit`,
  );
}

function matchRepository({ repositories, refs }: Extract<Hint, { about: "repository" }>, listeners: readonly Listener[]): Match {
  const keys = new Set(repositories.map(({ key }) => key));
  const ofRepository = listeners.filter(({ target }) => keys.has(keyOf(target.appRepository)));
  const name = repositories[0]?.shown;
  if (ofRepository.length === 0) {
    const isManifests = listeners.some(({ target }) => keys.has(keyOf(target.manifestRepository)));
    return nothing(isManifests ? `${shown(name)} holds manifests, and no application of this Secret's Deployments` : noneUses(name));
  }
  if (!refs) return found(ofRepository, "");
  const [ref] = refs;
  const why = ref === undefined ? "no branch or tag was pushed" : `${ref.of} '${shown(ref.name)}' is not observed`;
  return found(
    ofRepository.filter((listener) => refs.some((one) => isObserved(one, listener))),
    why,
  );
}

function isObserved(ref: Ref, { target, observed }: Listener): boolean {
  if (target.releaseTags !== undefined) return ref.of === "tag" && isRelease(target.releaseTags, ref.name);
  return ref.of === "branch" && (observed === undefined || observed === ref.name);
}

function isRelease(glob: string, name: string): boolean {
  const parsed = parseReleasePattern(glob);
  return parsed.kind === "error" || parsed.pattern.versionOf(name) !== undefined;
}

/** `library/` is implied on Docker Hub, which a name without host may be on. */
function bare(path: string): string {
  return path.replace(/^library\/(?=[^/]+$)/, "");
}

/** An event is compared with all Deployments of its Secret, so what it is compared with is made once. */
const bareName = onceEach(({ repository }: Target["image"]) => bare(repository));
const keyOf = onceEach(repositoryKey);

/** Equal texts are asked about once. */
function createOnceByText<Value>(ask: (value: Value) => boolean): (text: string, value: Value) => boolean {
  const known = new Map<string, boolean>();
  return (text, value) => {
    const answer = known.get(text) ?? ask(value);
    known.set(text, answer);
    return answer;
  };
}

function found(listeners: readonly Listener[], why: string): Match {
  return listeners.length === 0 ? nothing(why) : { kind: "concerns", listeners };
}

function nothing(why: string): Match {
  return { kind: "nothing", why };
}

function noneUses(name: string | undefined): string {
  return `no Deployment that names this Secret uses ${shown(name)}`;
}

function shown(text = ""): string {
  return escapeControl(cut(text, 200));
}
