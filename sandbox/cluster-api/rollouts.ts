/** What the controllers of a cluster make of Deployments: Pods, and a status that follows them. */
import { createHash } from "node:crypto";
import { type KubeObject, kindNamed } from "./kinds.ts";
import type { ObjectStore } from "./object-store.ts";

interface Spec {
  readonly replicas?: number;
  readonly template?: {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
    readonly spec?: { readonly containers?: readonly { readonly name?: string; readonly image?: string }[] };
  };
}

export interface RolloutOptions {
  /** How long a Pod takes from its beginning until it is ready. */
  readonly podStartMs: number;
  /** Whether the image is there; a Pod without it waits, and the Pods before it stay. */
  readonly canPull: (image: string) => boolean;
}

const DEPLOYMENT = kindNamed("Deployment");
const POD = kindNamed("Pod");
const HASH_LABEL = "pod-template-hash";
const REVISION = "deployment.kubernetes.io/revision";
/** Of names and hashes; as Kubernetes has it, without letters that make words. */
const SUFFIX_LENGTH = 5;

/** From now on, until the returned end. Deployments that are there have Pods at once; others roll out: new Pods first, then the old ones go. */
export function playRollouts(store: ObjectStore, { podStartMs, canPull }: RolloutOptions): () => void {
  const timers = new Set<NodeJS.Timeout>();

  function later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  }

  function podsOf({ metadata }: KubeObject): KubeObject[] {
    return store.list(POD).filter((pod) => pod.metadata.namespace === metadata.namespace && ownerOf(pod) === metadata.uid);
  }

  function begin(deployment: KubeObject, hash: string): KubeObject {
    const { metadata, spec } = deployment;
    const { template } = spec as Spec;
    const name = `${metadata.name}-${hash}-${randomSuffix()}`;
    const labels = { ...template?.metadata?.labels, [HASH_LABEL]: hash };
    const ownerReferences = [{ apiVersion: "apps/v1", kind: "Deployment", name: metadata.name, uid: metadata.uid, controller: true }];
    return store.put({
      kind: "Pod",
      metadata: { name, namespace: metadata.namespace ?? "default", labels, ownerReferences },
      spec: { nodeName: "sandbox", ...template?.spec },
      status: statusOf(template, "ContainerCreating"),
    });
  }

  function start({ metadata: { namespace, name } }: KubeObject, deployment: KubeObject): void {
    const pod = store.get(POD, namespace, name);
    if (!pod) return;
    const template = { spec: pod.spec as NonNullable<Spec["template"]>["spec"] } as NonNullable<Spec["template"]>;
    const isThere = (template.spec?.containers ?? []).every(({ image = "" }) => canPull(image));
    store.put({ ...pod, status: statusOf(template, isThere ? "Running" : "ImagePullBackOff") });
    if (isThere) settle(deployment);
    else later(podStartMs, () => start(pod, deployment));
  }

  /** One look at a Deployment, as often as something about it has changed. */
  function settle({ metadata: { namespace, name, uid } }: KubeObject, isReadyAtOnce = false): void {
    const deployment = store.get(DEPLOYMENT, namespace, name);
    if (!deployment || deployment.metadata.uid !== uid) return;
    const { replicas = 1, template } = deployment.spec as Spec;
    const hash = hashOf(template);
    const all = podsOf(deployment);
    const own = all.filter(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
    const begun = Array.from({ length: Math.max(0, replicas - own.length) }, () => begin(deployment, hash));
    own.push(...begun);
    for (const pod of begun) {
      if (isReadyAtOnce) start(pod, deployment);
      else later(podStartMs, () => start(pod, deployment));
    }
    for (const surplus of own.splice(replicas)) remove(surplus);
    const old = all.filter(({ metadata }) => metadata.labels?.[HASH_LABEL] !== hash);
    const isNew = own.filter((pod) => isReady(store.get(POD, namespace, pod.metadata.name)));
    if (isNew.length === replicas) for (const pod of old.splice(0)) remove(pod);
    const readyCount = isNew.length + old.filter(isReady).length;
    store.putStatus(DEPLOYMENT, namespace, name, {
      ...{ observedGeneration: deployment.metadata.generation, replicas: own.length + old.length, updatedReplicas: own.length },
      ...{ readyReplicas: readyCount, availableReplicas: readyCount },
    });
  }

  function settleOwner(pod: KubeObject): void {
    const owner = store.list(DEPLOYMENT).find(({ metadata }) => metadata.uid === ownerOf(pod));
    if (owner) settle(owner);
  }

  function remove({ metadata: { namespace, name } }: KubeObject): void {
    store.remove(POD, namespace, name);
  }

  store.hasController = true;
  for (const deployment of store.list(DEPLOYMENT)) settle(deployment, true);
  const unsubscribe = store.subscribe(({ type, kind, object, previous }) => {
    // A Pod that somebody deletes gets a successor.
    if (kind === POD && type === "DELETED") later(0, () => settleOwner(object));
    if (kind !== DEPLOYMENT) return;
    if (type === "DELETED") {
      for (const pod of podsOf(object)) remove(pod);
      return;
    }
    if (previous && previous.metadata.generation === object.metadata.generation) return;
    // After the others were told of the change itself.
    later(0, () => {
      const deployment = store.get(DEPLOYMENT, object.metadata.namespace, object.metadata.name);
      const isOther = previous && hashOf((previous.spec as Spec).template) !== hashOf((object.spec as Spec).template);
      if (deployment && isOther) store.put(withNextRevision(deployment));
      settle(object);
    });
  });
  return () => {
    unsubscribe();
    for (const timer of timers) clearTimeout(timer);
  };
}

function withNextRevision(deployment: KubeObject): KubeObject {
  const { annotations } = deployment.metadata;
  const next = `${Number(annotations?.[REVISION] ?? 1) + 1}`;
  return { ...deployment, metadata: { ...deployment.metadata, annotations: { ...annotations, [REVISION]: next } } };
}

function statusOf(template: Spec["template"], how: "Running" | "ContainerCreating" | "ImagePullBackOff"): object {
  const isRunning = how === "Running";
  const state = isRunning ? { running: {} } : { waiting: { reason: how } };
  const containerStatuses = (template?.spec?.containers ?? []).map(({ name, image }) => ({
    ...{ name, image, ready: isRunning, restartCount: 0, state },
  }));
  const conditions = [{ type: "Ready", status: isRunning ? "True" : "False" }];
  return { phase: isRunning ? "Running" : "Pending", conditions, containerStatuses };
}

function isReady(pod: KubeObject | undefined): boolean {
  return (pod?.status as { readonly phase?: string } | undefined)?.phase === "Running";
}

function ownerOf({ metadata }: KubeObject): unknown {
  return (metadata.ownerReferences as readonly { readonly uid: string }[] | undefined)?.[0]?.uid;
}

function hashOf(template: Spec["template"]): string {
  return createHash("sha256")
    .update(JSON.stringify(template ?? {}))
    .digest("hex")
    .slice(0, 2 * SUFFIX_LENGTH);
}

function randomSuffix(): string {
  return Math.random()
    .toString(36)
    .slice(2, 2 + SUFFIX_LENGTH)
    .padEnd(SUFFIX_LENGTH, "0");
}
