/** What `/status` says where it has no Deployment to show. */
export function nothingFound(isSynced: boolean): string {
  return isSynced
    ? "No deployments with gitops.operator annotations were found."
    : "The Kubernetes API server has not given its Deployments yet; see the operator's log for the reason.";
}
