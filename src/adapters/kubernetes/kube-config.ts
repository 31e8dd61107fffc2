/** The one thing of client-node that the program runs: named here, so that the bundle leaves out the classes of every Kubernetes kind. */
export { KubeConfig } from "@kubernetes/client-node";
