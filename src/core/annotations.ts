/** The annotations of the contract's §3, as data: what the parser reads, and what documentation is checked against. */
export const annotationPrefix = "gitops.operator.";

/** In the original's order, which `/debug` keeps. `default`: text, or the name of what it is taken from. `remedy`: what to set it to. */
export const annotations = {
  enabled: { required: true, remedy: "set it to 'true' or 'false'" },
  app_repository: { required: true, remedy: "set it to the application's repository, for example git@github.com:team/app.git" },
  manifest_repository: { required: true, remedy: "set it to the manifests' repository, for example git@github.com:team/manifests.git" },
  image_name: { required: true, remedy: "set it to the image without tag, for example team/app" },
  deployment_path: { required: true, remedy: "set it to the manifest's path in manifest_repository, for example deploy/app.yaml" },
  observe_branch: { required: false, default: "master" },
  tag_type: { required: false, default: "long" },
  ssh_key_name: { required: true, remedy: "set it to the name of the Secret that holds the key under ssh-privatekey" },
  ssh_key_namespace: { required: true, remedy: "set it to the namespace of that Secret" },
  notifications_secret_name: { required: false },
  notifications_secret_namespace: { required: false, default: "OPERATOR_NAMESPACE" },
  registry_secret_url: { required: false },
  registry_secret_name: { required: false, default: "regcred" },
  registry_secret_namespace: { required: false, default: "OPERATOR_NAMESPACE" },
  github_token_secret_name: { required: false },
  github_token_secret_namespace: { required: false, default: "OPERATOR_NAMESPACE" },
  image_check: { required: false, default: "IMAGE_CHECK" },
  manifest_branch: { required: false, default: "observe_branch" },
  manifest_ssh_key_name: { required: false, default: "ssh_key_name" },
  manifest_ssh_key_namespace: { required: false, default: "ssh_key_namespace" },
} as const satisfies Record<string, { required: boolean; default?: string; remedy?: string }>;

export type AnnotationName = keyof typeof annotations;

/** Texts by their annotation's short name, those without a value left out. */
export type AnnotationValues = Readonly<Partial<Record<AnnotationName, string>>>;

type RequiredName = { [Name in AnnotationName]: (typeof annotations)[Name]["required"] extends true ? Name : never }[AnnotationName];

export type CompleteValues = AnnotationValues & Readonly<Record<RequiredName, string>>;

export const annotationNames = Object.keys(annotations) as AnnotationName[];

/** Of the program that this one replaces; it never had an effect. */
const ignoredAnnotations: readonly string[] = ["namespace"];

/** By their short names. */
export const knownAnnotations: ReadonlySet<string> = new Set([...annotationNames, ...ignoredAnnotations]);

/** How many names of unknown ones are kept and shown; their values have no effect and are not kept. */
export const mostUnknown = 10;
