/** Events of registries: an image was pushed. */
import { z } from "zod";
import { splitImage } from "../image.ts";
import type { Hint, NamedImage } from "./hint.ts";
import { list, maybe, type ReadShape, shape, text } from "./shape.ts";

/** An image without a host is meant wherever it is: a registry knows itself by many names, and one look too many costs little. */
function named(shown: string, tag: string | undefined): NamedImage {
  const { name, tag: written } = splitImage(shown);
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasHost ? rest.join("/") : name;
  return { shown: name, path: path.toLowerCase(), tag: tag ?? written };
}

function pushed(images: readonly NamedImage[]): Hint {
  const tagged = images.filter(({ tag }) => tag !== undefined);
  if (tagged.length === 0) return { about: "nothing", kind: "image", why: "no tag was pushed" };
  return { about: "images", kind: "image", images: tagged };
}

/** distribution (docker-registry): one delivery may tell of several, of pulls and of layers too. */
const distribution = shape(
  z.object({ events: list(z.object({ action: text, target: z.object({ repository: text, tag: maybe }) })) }),
  ({ events }) => pushed(events.filter(({ action }) => action === "push").map(({ target }) => named(target.repository, target.tag))),
);

/** Azure's registry. Its own events have this shape, CloudEvents have it within `data`. */
const acr = shape(
  z.object({ action: text, target: z.object({ repository: text, tag: maybe }), request: z.object({ host: maybe }).optional() }),
  ({ action, target, request }) => {
    if (!/push$/i.test(action)) return pushed([]);
    return pushed([named(request?.host === undefined ? target.repository : `${request.host}/${target.repository}`, target.tag)]);
  },
);

const resources = list(z.object({ tag: maybe, resource_url: text }));

const harbor = shape(z.object({ type: text, event_data: z.object({ resources }) }), ({ type, event_data }) =>
  pushed(/^push/i.test(type) ? event_data.resources.map(({ resource_url, tag }) => named(resource_url, tag)) : []),
);

const dockerHub = shape(
  z.object({ push_data: z.object({ tag: maybe }), repository: z.object({ repo_name: text }) }),
  ({ push_data, repository }) => pushed([named(repository.repo_name, push_data.tag)]),
);

/** `updated_tags` was an object once, tag to image. */
const quay = shape(z.object({ docker_url: text, updated_tags: z.union([list(text), z.record(text, z.unknown())]) }), (event) => {
  const tags = Array.isArray(event.updated_tags) ? event.updated_tags : Object.keys(event.updated_tags).slice(0, 50);
  return pushed(tags.map((tag) => named(event.docker_url, tag)));
});

/** GitHub's `registry_package` and the older `package`. */
const gitHubPackage = z.object({
  package_type: text,
  name: text,
  namespace: maybe,
  owner: z.object({ login: text }).optional(),
  package_version: z.object({
    package_url: maybe,
    container_metadata: z.object({ tag: z.object({ name: maybe }).optional().catch(undefined) }).nullish(),
  }),
});

function ofGitHub(event: z.infer<typeof gitHubPackage>): Hint {
  const { package_type, name, owner, package_version } = event;
  if (!/^(?:container|docker)$/i.test(package_type)) return { about: "nothing", kind: "image", why: "the package is no image" };
  // `ghcr.io/team/shop:tag`; the tag is empty where a digest was pushed.
  const tag = package_version.container_metadata?.tag?.name || undefined;
  const path = [event.namespace ?? owner?.login, name].filter(Boolean).join("/");
  return pushed([named(path, tag)]);
}

const registryPackage = shape(z.object({ registry_package: gitHubPackage }), ({ registry_package }) => ofGitHub(registry_package));
const oldPackage = shape(z.object({ package: gitHubPackage }), (event) => ofGitHub(event.package));

/** Gitea and Forgejo. The version of an image is its tag, or a digest. */
const giteaPackage = shape(
  z.object({
    action: text,
    package: z.object({ type: text, name: text, version: text, owner: z.object({ login: maybe, username: maybe }) }),
  }),
  ({ action, package: { type, name, version, owner } }) => {
    if (type !== "container") return { about: "nothing", kind: "image", why: "the package is no image" };
    if (action !== "created" || version.includes(":")) return pushed([]);
    return pushed([named(`${owner.login ?? owner.username ?? ""}/${name}`, version)]);
  },
);

/** Of our own making, for any script: the image with or without a tag. */
const generic = shape(z.object({ image: text }), ({ image }) => ({ about: "images", kind: "image", images: [named(image, undefined)] }));

/** CloudEvents (1.0, structured) of Harbor and of Azure; of others those whose data has one of the shapes here. */
const cloudEvent = shape(z.object({ specversion: text, type: text, data: z.unknown() }), ({ type, data }) => {
  const harborData = z.object({ resources }).safeParse(data);
  if (harborData.success) {
    return pushed(/push/i.test(type) ? harborData.data.resources.map(({ resource_url, tag }) => named(resource_url, tag)) : []);
  }
  for (const read of [acr, distribution, registryPackage, generic]) {
    const hint = read(data);
    if (hint) return hint;
  }
  return undefined;
});

export const imageShapes: readonly ReadShape[] = [
  ...[cloudEvent, distribution, harbor, dockerHub, quay, acr, registryPackage, oldPackage, giteaPackage, generic],
];
