{{- define "lab.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lab.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lab.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "lab.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "lab.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "lab.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "lab.ownSecret" -}}
{{- if not (or .Values.admin.existingSecret .Values.env.GF_SECURITY_ADMIN_PASSWORD .Values.env.GF_SECURITY_ADMIN_PASSWORD__FILE) -}}
yes
{{- end -}}
{{- end -}}
