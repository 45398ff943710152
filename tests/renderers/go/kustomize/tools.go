//go:build tools

// What is built from here: kustomize, as a program.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
