{{- define "gitops-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What selects, so it has to stay as it is. */ -}}
{{- define "gitops-operator.labels" -}}
app.kubernetes.io/name: gitops-operator
{{- end -}}

{{- define "gitops-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "gitops-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Whom role bindings name. */ -}}
{{- define "gitops-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "gitops-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{- /* Variables with their values as YAML: what the manifests set, then what a switch sets, then what `env` says. */ -}}
{{- define "gitops-operator.environment" -}}
{{- $set := dict
  "SSH_KNOWN_HOSTS" "/etc/gitops-operator/known_hosts"
  "WORK_DIR" "/work"
  "HEALTH_PORT" "8081"
  "RECONCILE_INTERVAL_SECONDS" "60"
  "OTEL_SDK_DISABLED" "true" -}}
{{- with .Values.tracing.endpoint -}}
{{- $set = merge (dict "OTEL_SDK_DISABLED" "false" "OTEL_EXPORTER_OTLP_ENDPOINT" .) $set -}}
{{- end -}}
{{- if .Values.compat.enabled -}}
{{- $set = merge (dict "RECONCILE_INTERVAL_SECONDS" "0" "SECRET_REFS" "any" "IMAGE_CHECK" "if-secret") $set -}}
{{- end -}}
{{- with .Values.tenants -}}{{- if .enabled -}}
{{- $set = merge (dict "SECRET_REFS" "strict" "ALLOWED_REPOSITORIES" .allowedRepositories "IMAGE_CHECK" "on" "DEBUG_ENDPOINT" "off") $set -}}
{{- end -}}{{- end -}}
{{- with .Values.namespaced -}}{{- if .enabled -}}
{{- $set = merge (dict "WATCH_NAMESPACES" (join "," .namespaces)) $set -}}
{{- end -}}{{- end -}}
{{- with .Values.kinds -}}{{- if .enabled -}}
{{- $set = merge (dict "WATCH_KINDS" (join "," .resources)) $set -}}
{{- end -}}{{- end -}}
{{- with .Values.hooks -}}{{- if .enabled -}}
{{- $set = merge (dict "HOOK_PORT" (toString .port)) $set -}}
{{- end -}}{{- end -}}
{{- range $name, $value := .Values.env -}}
{{- if ne (toString $value) "" -}}
{{- $_ := set $set $name (toString $value) -}}
{{- end -}}
{{- end -}}
{{- toYaml $set -}}
{{- end -}}
