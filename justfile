image := "gitops-operator:local"

[private]
default:
  @just --list --unsorted

# the operator against the current kubeconfig context
run:
  LOG_LEVEL=debug npm start

# the same, restarting when a source changes
dev:
  LOG_LEVEL=debug npm run dev

# the world on loopback, kept up for curl and kubectl
sandbox:
  npm run sandbox -- --keep

# Tempo, Prometheus and Grafana (http://localhost:3000)
observe:
  docker compose up --detach

fmt:
  npm run fmt

# types, lint, format
check:
  npm run check

test:
  npm test

# the image, for this machine
build:
  docker build --tag {{image}} .

# the image into a kind cluster, and the installed operator onto it
import:
  kind load docker-image {{image}}
  kubectl --namespace gitops-operator set image deployment/gitops-operator gitops-operator={{image}}
  kubectl --namespace gitops-operator rollout restart deployment/gitops-operator
  kubectl --namespace gitops-operator rollout status deployment/gitops-operator --timeout 120s

# the next version (patch, minor or major): commit, tag, push; the tag makes image and release
release level="patch":
  npm version {{level}} --message "chore(release): %s"
  git push --follow-tags
