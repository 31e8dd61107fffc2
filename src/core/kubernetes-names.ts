/** Names as Kubernetes takes them. What is one is safe as a part of a URL of the API server. */

const part = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** Of namespaces (RFC 1123's label): lower-case letters, digits and `-`. */
export function isLabelName(text: string): boolean {
  return text.length <= 63 && part.test(text);
}

/** Of Secrets and most other objects (RFC 1123's subdomain): `.` too. The parts have no limit of their own. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && text.split(".").every((one) => part.test(one));
}
