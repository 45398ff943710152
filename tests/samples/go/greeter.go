// Package greeter greets people by their names.
package greeter

import "fmt"

// Greet says hello to somebody.
func Greet(name string) string {
	if name == "" {
		return "Hello, whoever you are"
	}
	return fmt.Sprintf("Hello, %s", name)
}
