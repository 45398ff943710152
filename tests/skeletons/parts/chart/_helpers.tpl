{{- define "fb.env" -}}
env:
  - name: HOST
    valueFrom: { fieldRef: { fieldPath: status.podIP } }
  - name: APP_SHA
    value: "{{ .Values.circleSha1 }}"
  - name: ENVIRONMENT_NAME
    value: "{{ .Values.environmentName }}"
  - name: SECRET_KEY_BASE
    valueFrom:
      secretKeyRef:
        name: "fb-{{ .Values.app_name }}-app-secrets-{{ .Values.environmentName }}"
        key: secret_key_base
envFrom:
  - configMapRef:
      name: "fb-{{ .Values.app_name }}-config-map-{{ .Values.environmentName }}"
{{- end -}}
