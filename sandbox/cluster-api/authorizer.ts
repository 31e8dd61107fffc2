import { isWatch, parseTarget, type Request, type Target } from "./exchange.ts";
import type { KubeObject } from "./kinds.ts";
import { Refusal } from "./status.ts";

/** What a request asks for, in RBAC's words. */
interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Undefined = in the whole cluster. */
  readonly namespace: string | undefined;
  /** Undefined = not one object. */
  readonly name: string | undefined;
}

/** What a binding gives: an access in which undefined stands for all. */
type Grant = Access;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** RBAC as the API server does it, for one service account; it remembers what was asked. */
export interface Authorizer {
  /** Throws the 403 of a real server. */
  check(access: Access): void;
  readonly refused: readonly Access[];
  /** The account's name as a user. */
  readonly user: string;
  /** What the roles give and nobody has asked for; of two that give the same, the later. */
  readonly unused: readonly Grant[];
}

export function createAuthorizer(
  objects: readonly KubeObject[],
  account: { readonly namespace: string; readonly name: string },
): Authorizer {
  const unused = new Set(grantsOf(objects, account));
  const grants = [...unused];
  const refused: Access[] = [];
  const user = `system:serviceaccount:${account.namespace}:${account.name}`;
  return {
    user,
    check(access) {
      const grant = grants.find((candidate) => covers(candidate, access));
      if (grant) return void unused.delete(grant);
      refused.push(access);
      throw forbidden(access, user);
    },
    refused,
    get unused() {
      return [...unused];
    },
  };
}

export function accessOf(method: string, { kind, namespace, name }: Target, query: URLSearchParams): Access {
  const verbs: Record<string, string> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: name ? "delete" : "deletecollection" };
  const reading = isWatch(query) ? "watch" : name === undefined ? "list" : "get";
  // Whoever creates an object names it in the body, which RBAC does not see.
  return { verb: verbs[method] ?? reading, group: kind.group, resource: kind.plural, namespace, name };
}

function grantsOf(objects: readonly KubeObject[], account: { readonly namespace: string; readonly name: string }): Grant[] {
  const bindings = objects.filter(({ kind, subjects }) => {
    if (kind !== "RoleBinding" && kind !== "ClusterRoleBinding") return false;
    return (subjects as KubeObject["metadata"][]).some(({ name, namespace }) => name === account.name && namespace === account.namespace);
  });
  return bindings.flatMap(({ kind, metadata, roleRef }) => {
    const ref = roleRef as { readonly kind: string; readonly name: string };
    const namespace = kind === "RoleBinding" ? metadata.namespace : undefined;
    const role = objects.find(
      (object) =>
        object.kind === ref.kind &&
        object.metadata.name === ref.name &&
        (ref.kind === "ClusterRole" || object.metadata.namespace === namespace),
    );
    if (!role) throw new Error(`${kind} ${metadata.name} names the ${ref.kind} ${ref.name}, which is not there`);
    return (role.rules as Rule[]).flatMap((rule) => expand(rule, namespace));
  });
}

function expand({ apiGroups, resources, verbs, resourceNames = [] }: Rule, namespace: string | undefined): Grant[] {
  const names = resourceNames.length > 0 ? resourceNames : [undefined];
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.flatMap((verb) => names.map((name) => ({ verb, group, resource, namespace, name })))),
  );
}

/** Words for words: a `*` in a rule covers nothing here, and none of ours has one. */
function covers(grant: Grant, access: Access): boolean {
  if (grant.verb !== access.verb || grant.group !== access.group || grant.resource !== access.resource) return false;
  return (grant.namespace ?? access.namespace) === access.namespace && (grant.name ?? access.name) === access.name;
}

/** As a server refuses that has read its bindings and not yet its roles, or that does not know who asks. */
export function forbiddenRequest(request: Request, user: string): Refusal {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const method = request.method ?? "";
  const target = parseTarget(pathname);
  if (target) return forbidden(accessOf(method, target, searchParams), user);
  return new Refusal(403, `forbidden: User "${user}" cannot ${method.toLowerCase()} path "${pathname}"`, "Forbidden", {});
}

function forbidden({ verb, group, resource, namespace, name }: Access, user: string): Refusal {
  const what = group === "" ? resource : `${resource}.${group}`;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const message = `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  return new Refusal(403, `${what}${name === undefined ? "" : ` "${name}"`} is forbidden: ${message}`, "Forbidden", {
    group,
    kind: resource,
    name,
  });
}
