/** What a hostile tenant deploys. */
import { manifestOf } from "../../sandbox/world.ts";
import { EVIL_KEY, type Neighbourhood } from "./neighbour.ts";

/** Hostile Deployments `NAME-0` and on, sound but for those annotations. */
export function deployEvil(
  { world }: Neighbourhood,
  count: number,
  annotationsOf: (i: number) => Readonly<Record<string, string | null>>,
  name = "evil",
): void {
  for (let i = 0; i < count; i++) {
    const sound = {
      ...{ app_repository: world.gitHost.url("team/shop.git"), manifest_repository: world.gitHost.url("evil/manifests.git") },
      ...{ deployment_path: "evil.yaml", image_name: "team/evil", ...EVIL_KEY },
    };
    world.deploy({ namespace: "evil", name: `${name}-${i}`, annotations: { ...sound, ...annotationsOf(i) } });
  }
}

export const evilManifests = ({ world }: Neighbourhood) =>
  world.repository("evil/manifests.git", { "evil.yaml": manifestOf("evil", "team/evil:old", "evil") });
